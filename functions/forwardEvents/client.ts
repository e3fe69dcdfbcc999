import type { PersonalizeEventsClient } from "@aws-sdk/client-personalize-events";
import { classify, type Failure } from "./classify";
import { isObject } from "./decode";
import { makeRequestHandler, type HttpAnswer } from "./requestHandler";
import type { Answer } from "./send";
import { within } from "./within";
import type { Sender, TrackedEvent } from "./validate";

const CONNECTIONS = 16;
const CONNECT_MILLISECONDS = 1000;
const ANSWER_MILLISECONDS = 2000;

/** Makes one PutEvents request; resolves within the given time with a verdict. */
export type PutEvents = (sender: Sender, events: readonly TrackedEvent[], milliseconds: number) => Promise<Answer>;

/**
 * Calls [PutEvents](https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_PutEvents.html) without retries: those must take their
 * place in the rate of calls. Region, endpoint, credentials and signature are the SDK client's; the request is one fixed POST, for
 * which the client's own way through serializers and middleware takes twice the CPU.
 *
 * @param trackingId of the event tracker
 */
export function makePutEvents(trackingId: string): PutEvents {
  const { PersonalizeEventsClient } = require("@aws-sdk/client-personalize-events") as typeof import("@aws-sdk/client-personalize-events");
  const { config } = new PersonalizeEventsClient({});
  const http = makeRequestHandler({
    connections: CONNECTIONS,
    connectMilliseconds: CONNECT_MILLISECONDS,
    answerMilliseconds: ANSWER_MILLISECONDS,
    userAgent: "c360-recommender/forwarder",
  });
  let prepared: ReturnType<typeof prepare> | undefined;

  const call = async (body: string): Promise<HttpAnswer> => {
    const { signer, target } = await (prepared ??= prepare(config));
    const headers = { host: target.host, "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    const { headers: signed } = await signer.sign({ ...target, method: "POST", query: {}, headers, body });
    return http.handle({ ...target, method: "POST", headers: signed, body });
  };
  return async ({ userId, sessionId }, eventList, milliseconds) => {
    try {
      const answer = await within(milliseconds, call(JSON.stringify({ trackingId, userId, sessionId, eventList })));
      return answer.statusCode === 200 ? { verdict: "accepted", attempts: 1, throttled: false } : classify(refusal(answer));
    } catch (error) {
      return classify(error as Error);
    }
  };
}

/**
 * What all requests of a client share.
 *
 * @returns the signer, which asks for the credentials at each call, so they may change, and where the requests go
 */
export async function prepare({
  region,
  useFipsEndpoint,
  useDualstackEndpoint,
  endpointProvider,
  signer,
}: PersonalizeEventsClient["config"]) {
  const [Region, UseFIPS, UseDualStack] = await Promise.all([region(), useFipsEndpoint(), useDualstackEndpoint()]);
  const Endpoint = process.env.AWS_ENDPOINT_URL_PERSONALIZE_EVENTS ?? process.env.AWS_ENDPOINT_URL;
  const { url } = endpointProvider({ Region, UseFIPS, UseDualStack, Endpoint });
  const { protocol, hostname, host, port, pathname } = url;
  const path = `${pathname.replace(/\/$/, "")}/events`;
  return { signer: await signer(), target: { protocol, hostname, host, port: port === "" ? undefined : Number(port), path } };
}

/** An error of the [restJson1 protocol](https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization). */
function refusal({ statusCode, headers, body }: HttpAnswer): Failure {
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
