import type { PersonalizeEventsClient } from "@aws-sdk/client-personalize-events";
import { makeRequestHandler, withTimeout, type HttpResponse } from "./http";
import { isObject, type Sender, type TrackedEvent } from "./validate";

const CONNECT_MILLISECONDS = 1000;
const RESPONSE_MILLISECONDS = 2000;
const TRANSIENT_STATUS = [408, 409, 429];
const INVALID_INPUT = ["InvalidInputException", "ValidationException", "SerializationException"];
const TRACKER = /\btracking ?id\b|\bevent ?tracker\b/i;
/** A quoted text, which may have escaped quotes and quotes inside words; it may be cut off. */
const QUOTED = /(?<![\p{L}\p{N}])(['"])(?:\\.?|[^\\])*?(?:\1(?![\p{L}\p{N}])|$)/gsu;

/** Result of one PutEvents request. */
export interface CallResult {
  /**
   * `rejected`: an event of the call is invalid. `transient`: the call may succeed when it is repeated. `misconfigured`: somebody must
   * fix the tracker, a permission or the like.
   */
  outcome: "accepted" | "rejected" | "transient" | "misconfigured";
  /** Whether the service throttled the request. */
  throttled: boolean;
  /** Name of the error; for a rejection or a misconfiguration also what the service answered. */
  error?: string;
}

/** Makes one PutEvents request within the given time. Never rejects. */
export type PutEvents = (sender: Sender, events: readonly TrackedEvent[], milliseconds: number) => Promise<CallResult>;

/** Why a request failed. */
export interface Failure {
  /** Name of the error. */
  name: string;
  message: string;
  /** HTTP status; undefined when there was no response. */
  status?: number;
}

/**
 * Makes a client for [PutEvents](https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html) that does not retry: retries
 * count against the call rate, so they are made by the caller. Region, endpoint, credentials and signature come from the SDK's client.
 * The request is one fixed POST; the SDK's serializers and middleware would take twice the CPU.
 *
 * @param trackingId of the event tracker
 * @param connections most concurrent requests
 */
export function makePutEvents(trackingId: string, connections: number): PutEvents {
  const { PersonalizeEventsClient } = require("@aws-sdk/client-personalize-events") as typeof import("@aws-sdk/client-personalize-events");
  const { config } = new PersonalizeEventsClient({});
  const requestHandler = makeRequestHandler({
    connections,
    connectMilliseconds: CONNECT_MILLISECONDS,
    responseMilliseconds: RESPONSE_MILLISECONDS,
    userAgent: "c360-recommender/forwarder",
  });
  let resolved: ReturnType<typeof resolveTarget> | undefined;

  const post = async (body: string): Promise<HttpResponse> => {
    const { signer, target } = await (resolved ??= resolveTarget(config));
    const headers = { host: target.host, "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    const { headers: signed } = await signer.sign({ ...target, method: "POST", query: {}, headers, body });
    return requestHandler.handle({ ...target, method: "POST", headers: signed, body });
  };
  return async ({ userId, sessionId }, eventList, milliseconds) => {
    try {
      const response = await withTimeout(milliseconds, post(JSON.stringify({ trackingId, userId, sessionId, eventList })));
      if (response.statusCode === 200) return { outcome: "accepted", throttled: false };
      return classifyFailure(failureOf(response), JSON.stringify([userId, sessionId, eventList]));
    } catch (error) {
      return classifyFailure(error as Error);
    }
  };
}

/**
 * Resolves what all requests of a client share: their target, and the signer, which gets current credentials for every request.
 *
 * @param config of the SDK's client
 */
export async function resolveTarget(config: PersonalizeEventsClient["config"]) {
  const { region, useFipsEndpoint, useDualstackEndpoint, endpointProvider, signer } = config;
  const [Region, UseFIPS, UseDualStack] = await Promise.all([region(), useFipsEndpoint(), useDualstackEndpoint()]);
  const Endpoint = process.env.AWS_ENDPOINT_URL_PERSONALIZE_EVENTS ?? process.env.AWS_ENDPOINT_URL;
  const { url } = endpointProvider({ Region, UseFIPS, UseDualStack, Endpoint });
  const { protocol, hostname, host, port, pathname } = url;
  const path = `${pathname.replace(/\/$/, "")}/events`;
  return { signer: await signer(), target: { protocol, hostname, host, port: port === "" ? undefined : Number(port), path } };
}

/**
 * Classifies a failed request. Throttling, 5xx, conflicts, timeouts and network errors are transient. Invalid input is a rejection,
 * unless the service's message names the event tracker, and the call itself does not. Everything else is a misconfiguration. The message
 * of an invalid input may quote an event, so its quoted parts are removed.
 *
 * @param content what the call held: its sender and events, as text
 */
export function classifyFailure({ name, message, status }: Failure, content = ""): CallResult {
  const throttled = status === 429 || /Throttl|TooManyRequests|LimitExceeded|SlowDown/.test(name);
  if (throttled || status === undefined || status >= 500 || TRANSIENT_STATUS.includes(status))
    return { outcome: "transient", throttled, error: name };
  const isInvalidInput = INVALID_INPUT.includes(name);
  const detail = isInvalidInput ? message.replace(QUOTED, "…") : message;
  const isRejected = isInvalidInput && !(TRACKER.test(detail) && !TRACKER.test(content));
  return { outcome: isRejected ? "rejected" : "misconfigured", throttled, error: `PutEvents answered ${name} (${status}): ${detail}` };
}

/** The error of the [restJson1 protocol](https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization). */
function failureOf({ statusCode, headers, body }: HttpResponse): Failure {
  const { __type, code, message, Message } = errorBody(body);
  const [type = ""] = [headers["x-amzn-errortype"], code, __type, "UnknownError"].flat().filter((name) => typeof name === "string");
  const [text = ""] = [message, Message].filter((one) => typeof one === "string");
  return { name: type.split(":")[0].replace(/^.*#/, ""), message: text, status: statusCode };
}

function errorBody(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
