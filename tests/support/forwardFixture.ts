import type { KinesisStreamEvent } from "aws-lambda";
import type { CallResult } from "../../functions/forwardEvents/client";
import { forwardEvents, type ForwardPorts } from "../../functions/forwardEvents/handler";
import { ARRIVED } from "./kinesisEvent";

const SETTINGS = { deadLetterPrefix: "dead/", dimensions: { Tenant: "acme", Stage: "dev" } };

/** What the fixture recorded. */
export interface Recorded {
  /** Item ids of the accepted events, in the order of acceptance, by session. */
  accepted: Map<string, string[]>;
  /** Objects of the dead-letter store by key. */
  stored: Map<string, string>;
  logs: Record<string, unknown>[];
  /** Requests, retries among them. */
  requests: number;
  /** Most concurrent requests. */
  concurrent: number;
}

/** How the fixture behaves. */
export interface Behaviour {
  /** Outcome of a call without a poisonous item, by its number from 0; retries have the same outcome. @default accepted */
  outcome?: (call: number) => CallResult["outcome"];
  /** Whether writes to the dead-letter store fail. @default false */
  storeFails?: boolean;
  /** Requests after which no time is left. @default Infinity */
  requestsInTime?: number;
}

/** Ports of the forwarder in memory: a Personalize that rejects calls with an item of "poison…", and a dead-letter store. */
export function fakePorts({ outcome = () => "accepted", storeFails = false, requestsInTime = Infinity }: Behaviour = {}): Recorded & {
  ports: ForwardPorts;
} {
  const recorded: Recorded = { accepted: new Map(), stored: new Map(), logs: [], requests: 0, concurrent: 0 };
  const outcomes = new Map<string, CallResult["outcome"]>();
  let inFlight = 0;
  const outcomeOf = (call: string, items: string[]): CallResult["outcome"] => {
    if (items.some((item) => item.startsWith("poison"))) return "rejected";
    const known = outcomes.get(call) ?? outcome(outcomes.size);
    outcomes.set(call, known);
    return known;
  };
  const ports: ForwardPorts = {
    put: async ({ sessionId }, events) => {
      const items = events.map(({ itemId }) => itemId ?? "");
      const result = outcomeOf(JSON.stringify([sessionId, items]), items);
      recorded.requests += 1;
      inFlight += 1;
      recorded.concurrent = Math.max(recorded.concurrent, inFlight);
      await new Promise(setImmediate);
      inFlight -= 1;
      if (result === "accepted") recorded.accepted.set(sessionId, [...(recorded.accepted.get(sessionId) ?? []), ...items]);
      return { outcome: result, throttled: false, error: result === "accepted" ? undefined : "SomeException" };
    },
    store: async (key, body) => {
      if (storeFails) throw Object.assign(new Error("no"), { name: "InternalError" });
      recorded.stored.set(key, body);
    },
    reserve: () => 0,
    sleep: async () => {},
    random: () => 0.5,
    remainingInvocation: () => (recorded.requests < requestsInTime ? 60_000 : 100),
    now: () => ARRIVED * 1000,
    log: (fact) => void recorded.logs.push(fact),
  };
  return Object.assign(recorded, { ports });
}

/** Forwards a batch; returns the sequence numbers that are delivered again, which are all of them after an error. */
export async function forward(event: KinesisStreamEvent, ports: ForwardPorts): Promise<{ failed: string[]; error?: string }> {
  try {
    const { batchItemFailures } = await forwardEvents(event, SETTINGS, ports);
    return { failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) };
  } catch (error) {
    return { failed: event.Records.map(({ kinesis }) => kinesis.sequenceNumber), error: (error as Error).name };
  }
}

/** A dead letter. */
export interface DeadLetter {
  sequenceNumber: string;
  reason: string;
  events?: number[];
  lines?: { userRecord?: number; line?: number; reason: string; events?: number[] }[];
  /** Base64. */
  data: string;
}

/** The dead letters of all objects. */
export function deadLettersOf(stored: Map<string, string>): DeadLetter[] {
  return [...stored.values()].flatMap((body) =>
    body
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as DeadLetter),
  );
}
