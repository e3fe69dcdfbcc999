import * as assert from "node:assert/strict";
import type { KinesisStreamEvent } from "aws-lambda";
import { forwardEvents, type ForwardPorts } from "../../functions/forwardEvents/forward";
import type { Answer } from "../../functions/forwardEvents/send";
import { ARRIVED } from "./kinesisEvent";

const SETTINGS = { deadLetterPrefix: "dead/", dimensions: { Tenant: "acme", Stage: "dev" } };

export interface World {
  /** Item ids of the accepted events, in the order of acceptance, by session. */
  accepted: Map<string, string[]>;
  /** Bodies by key. */
  stored: Map<string, string>;
  logs: Record<string, unknown>[];
  calls: number;
  mostInFlight: number;
}

export interface Behaviour {
  /** Verdict on a call that holds no poisonous item, by its number from 0. @default accepted */
  verdict?: (call: number) => Answer["verdict"];
  storeFails?: boolean;
  /** Calls after which no time is left. */
  timeForCalls?: number;
}

/** A service that rejects calls with an item of "poison…", and a dead-letter store, in memory. */
export function world({
  verdict = () => "accepted",
  storeFails = false,
  timeForCalls = Infinity,
}: Behaviour): World & { ports: ForwardPorts } {
  let inFlight = 0;
  const state: World = { accepted: new Map(), stored: new Map(), logs: [], calls: 0, mostInFlight: 0 };
  const put: ForwardPorts["put"] = async ({ sessionId }, events) => {
    const answer = events.some(({ itemId }) => itemId?.startsWith("poison")) ? "rejected" : verdict(state.calls);
    state.calls += 1;
    inFlight += 1;
    state.mostInFlight = Math.max(state.mostInFlight, inFlight);
    await new Promise(setImmediate);
    inFlight -= 1;
    const items = state.accepted.get(sessionId) ?? [];
    if (answer === "accepted") state.accepted.set(sessionId, [...items, ...events.map(({ itemId }) => itemId ?? "")]);
    return { verdict: answer, attempts: 1, throttled: false, error: answer === "accepted" ? undefined : "SomeException" };
  };
  const ports: ForwardPorts = {
    put,
    store: async (key, body) => {
      if (storeFails) throw Object.assign(new Error("no"), { name: "InternalError" });
      state.stored.set(key, body);
    },
    reserve: () => 0,
    memory: { allRejected: false },
    sleep: async () => assert.fail("nothing to wait for"),
    remainingInvocation: () => (state.calls < timeForCalls ? 60_000 : 100),
    now: () => ARRIVED * 1000,
    log: (fact) => void state.logs.push(fact),
  };
  return Object.assign(state, { ports });
}

/** Sequence numbers that the mapping delivers again, or all of them after an error. */
export async function run(event: KinesisStreamEvent, ports: ForwardPorts): Promise<{ failed: string[]; error?: string }> {
  try {
    const { batchItemFailures } = await forwardEvents(event, SETTINGS, ports);
    return { failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) };
  } catch (error) {
    return { failed: event.Records.map(({ kinesis }) => kinesis.sequenceNumber), error: (error as Error).name };
  }
}

/** The dead letters of all objects. */
export const lettersOf = (stored: Map<string, string>) =>
  [...stored.values()].flatMap((body) =>
    body
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { sequenceNumber: string; reason: string; events?: number[] }),
  );
