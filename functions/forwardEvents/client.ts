import type { PersonalizeEventsClient } from "@aws-sdk/client-personalize-events";
import { classify } from "./classify";
import { makeRequestHandler } from "./requestHandler";
import type { Answer } from "./send";
import { within } from "./within";
import type { Sender, TrackedEvent } from "./validate";

const CONNECTIONS = 16;
const CONNECT_MILLISECONDS = 1000;
const ANSWER_MILLISECONDS = 2000;

/** Parts of the SDK's stack that add nothing to a PutEvents request but CPU: no logger is set, and Personalize calls nobody back. */
const NEEDLESS_MIDDLEWARE = ["getUserAgentMiddleware", "loggerMiddleware", "recursionDetectionMiddleware"];

/** Makes one PutEvents request; resolves within the given time with a verdict. */
export type PutEvents = (sender: Sender, events: readonly TrackedEvent[], milliseconds: number) => Promise<Answer>;

/**
 * A client of Personalize that spends little CPU on a call and makes no retries of its own: those must take their place in the rate of
 * calls. Its retry middleware is replaced, not removed, because the signing one stands relative to it.
 *
 * @param trackingId of the event tracker
 */
export function makePutEvents(trackingId: string): PutEvents {
  const { PersonalizeEventsClient, PutEventsCommand } =
    require("@aws-sdk/client-personalize-events") as typeof import("@aws-sdk/client-personalize-events");
  const client = new PersonalizeEventsClient({
    maxAttempts: 1,
    cacheMiddleware: true,
    requestHandler: makeRequestHandler({
      connections: CONNECTIONS,
      connectMilliseconds: CONNECT_MILLISECONDS,
      answerMilliseconds: ANSWER_MILLISECONDS,
      userAgent: "c360-recommender/forwarder",
    }),
  });
  for (const name of NEEDLESS_MIDDLEWARE) client.middlewareStack.remove(name);
  client.middlewareStack.add((next) => next, { name: "retryMiddleware", step: "finalizeRequest", priority: "high", override: true });
  keepSigner(client);
  return async ({ userId, sessionId }, events, milliseconds) => {
    const eventList = events.map((event) => ({ ...event, sentAt: new Date(event.sentAt * 1000) }));
    try {
      await within(milliseconds, client.send(new PutEventsCommand({ trackingId, userId, sessionId, eventList })));
      return { verdict: "accepted", attempts: 1, throttled: false };
    } catch (error) {
      return classify(error);
    }
  };
}

/** Without this the SDK makes a signer a call; the one that is kept asks for the credentials at each call, so they may change. */
function keepSigner({ config }: PersonalizeEventsClient): void {
  const make = config.signer;
  let made: ReturnType<typeof make> | undefined;
  config.signer = (scheme) => (made ??= make(scheme));
}
