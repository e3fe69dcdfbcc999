import type { CallResult, PutEvents } from "./client";
import type { Group, PlannedEvent } from "./plan";
import type { Sender } from "./validate";

/** Most concurrent PutEvents calls. */
export const CONCURRENT_CALLS = 16;

const MAX_ATTEMPTS = 3;
const BACKOFF_MILLISECONDS = 100;
const THROTTLED_BACKOFF_MILLISECONDS = 500;

/** Dependencies of sending. */
export interface SendPorts {
  /** Makes one request, without retries. */
  put: PutEvents;
  /** Reserves the next slot of the call rate; returns the milliseconds until then. */
  reserve(): number;
  sleep(milliseconds: number): Promise<void>;
  /** A random number from 0 up to 1. */
  random(): number;
  /** Milliseconds left for calls. */
  remaining(): number;
  /** Writes a line to the log. */
  log(fact: Record<string, unknown>): void;
}

/** What was sent. The state of each event is in its record. */
export interface SendResult {
  /** Calls, each with its retries. */
  calls: number;
  /** Further attempts of those calls. */
  retries: number;
  /** Calls whose last attempt was throttled. */
  throttled: number;
  /** Events that Personalize accepted. */
  accepted: number;
  /** Set when the whole invocation must fail. None of its records is a dead letter then. */
  misconfiguration?: string;
}

/**
 * Sends the planned calls: groups in parallel, the calls of a group in order. After a transient failure the remaining events of the group
 * stay pending. A rejected call is split until the bad event is alone: dead letters can be replayed, so a stream does not stand still
 * however many events Personalize rejects.
 */
export async function sendGroups(groups: readonly Group[], ports: SendPorts): Promise<SendResult> {
  const result: SendResult = { calls: 0, retries: 0, throttled: 0, accepted: 0 };
  const queue = groups.values();
  const sendQueued = async () => {
    for (const group of queue) await sendInOrder(group, group.calls, ports, result);
  };
  await Promise.all(Array.from({ length: CONCURRENT_CALLS }, sendQueued));
  return result;
}

/**
 * Makes a rate limiter that spaces calls evenly, over all invocations of a container.
 *
 * @param callsPerSecond highest rate
 * @param now a clock in milliseconds
 * @returns a function that reserves the next slot and returns the milliseconds until then
 */
export function makeRateLimiter(callsPerSecond: number, now: () => number): SendPorts["reserve"] {
  let next = -Infinity;
  return () => {
    const time = now();
    const slot = Math.max(next, time);
    next = slot + 1000 / callsPerSecond;
    return slot - time;
  };
}

/** Returns false when the remaining calls of the group must not be made. */
async function sendInOrder(sender: Sender, calls: readonly PlannedEvent[][], ports: SendPorts, result: SendResult): Promise<boolean> {
  for (const call of calls) {
    if (!(await sendCall(sender, call, ports, result))) return false;
  }
  return true;
}

async function sendCall(sender: Sender, call: PlannedEvent[], ports: SendPorts, result: SendResult): Promise<boolean> {
  if (result.misconfiguration !== undefined) return false;
  const response = await putWithRetries(sender, call, ports);
  if (response === undefined) return false;
  const { outcome, attempts, throttled, error } = response;
  result.calls += 1;
  result.retries += attempts - 1;
  result.throttled += throttled ? 1 : 0;
  if (outcome === "accepted") {
    result.accepted += call.length;
    setState(call, "accepted");
    return true;
  }
  if (outcome === "rejected") {
    if (call.length === 1) {
      setState(call, "rejected");
      const [{ record, line, index }] = call;
      const place = { sequenceNumber: record.sequenceNumber, userRecord: line.userRecord, line: line.line, event: index };
      ports.log({ level: "WARN", message: "event rejected", error, ...place });
      return true;
    }
    const half = Math.ceil(call.length / 2);
    return sendInOrder(sender, [call.slice(0, half), call.slice(half)], ports, result);
  }
  if (outcome === "misconfigured") result.misconfiguration = error;
  ports.log({ level: "ERROR", message: "call failed", outcome, error, attempts, sequenceNumber: call[0].record.sequenceNumber });
  return false;
}

/**
 * Makes a call, and repeats it at most twice after a transient failure. Each attempt takes a slot of the call rate. The backoff is a
 * random share of a delay that doubles. It is longer after throttling, as in the
 * [SDKs' standard mode](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
 *
 * @returns the last result; undefined when there was no time for an attempt
 */
async function putWithRetries(sender: Sender, call: PlannedEvent[], ports: SendPorts) {
  const events = call.map(({ event }) => event);
  let last: (CallResult & { attempts: number }) | undefined;
  for (let attempts = 1; await sleepWithin(ports.reserve(), ports); attempts += 1) {
    last = { ...(await ports.put(sender, events, ports.remaining())), attempts };
    if (last.outcome !== "transient" || attempts === MAX_ATTEMPTS) return last;
    const base = last.throttled ? THROTTLED_BACKOFF_MILLISECONDS : BACKOFF_MILLISECONDS;
    if (!(await sleepWithin(ports.random() * base * 2 ** (attempts - 1), ports))) return last;
  }
  return last;
}

/** Returns false, without sleeping, when there is not enough time left. */
async function sleepWithin(milliseconds: number, ports: SendPorts): Promise<boolean> {
  if (ports.remaining() <= milliseconds) return false;
  if (milliseconds > 0) await ports.sleep(milliseconds);
  return true;
}

function setState(call: readonly PlannedEvent[], state: "accepted" | "rejected"): void {
  for (const { line, index } of call) line.events[index] = state;
}
