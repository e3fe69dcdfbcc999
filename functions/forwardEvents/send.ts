import type { Group, PlannedEvent } from "./plan";
import type { Sender, TrackedEvent } from "./validate";

const LANES = 16;
const LARGE_INVOCATION_CALLS = 20;

/** The service's answer to one call. */
export interface Answer {
  verdict: "accepted" | "rejected" | "transient" | "misconfigured";
  /** Requests made. */
  attempts: number;
  throttled: boolean;
  /** Name of the error; for a misconfiguration also what to look at. */
  error?: string;
}

/** What sending needs from the world. */
export interface SendPorts {
  /** Makes one PutEvents call; resolves within the given time with a verdict on the answer or on the failure to get one. */
  put(sender: Sender, events: TrackedEvent[], milliseconds: number): Promise<Answer>;
  /** Takes the next place in the rate of calls: milliseconds to wait for it. */
  reserve(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Milliseconds left for calls. */
  remaining(): number;
  /** What the container remembers from one invocation to the next. */
  memory: { allRejected: boolean };
  log(fact: Record<string, unknown>): void;
}

/** What was sent; what became of each event is in its record's outcomes. */
export interface Sent {
  calls: number;
  retries: number;
  throttled: number;
  accepted: number;
  /** Set when the invocation must fail as a whole; nothing of it is a dead letter then. */
  misconfiguration?: string;
}

/**
 * Sends the planned calls: groups in parallel, the calls of a group in order. After a transient failure the rest of its group stays
 * pending. A rejected call is split until the bad event is alone.
 *
 * When every event of a large invocation is rejected, something is set wrong. The event source mapping then halves the batch, so the
 * suspicion stays, for small invocations too, until an event is accepted.
 */
export async function sendGroups(groups: readonly Group[], ports: SendPorts): Promise<Sent> {
  const sent: Sent = { calls: 0, retries: 0, throttled: 0, accepted: 0 };
  const waiting = groups.values();
  const lane = async () => {
    for (const group of waiting) await sendInOrder(group, group.calls, ports, sent);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const calls = groups.flatMap((group) => group.calls);
  if (sent.accepted > 0) ports.memory.allRejected = false;
  else if (calls.length > 0 && calls.flat().every(isRejected)) {
    ports.memory.allRejected ||= calls.length >= LARGE_INVOCATION_CALLS;
    if (ports.memory.allRejected) sent.misconfiguration ??= `Personalize rejected every event of ${calls.length} calls`;
  }
  return sent;
}

async function sendInOrder(sender: Sender, calls: readonly PlannedEvent[][], ports: SendPorts, sent: Sent): Promise<boolean> {
  for (const call of calls) {
    if (!(await sendCall(sender, call, ports, sent))) return false;
  }
  return true;
}

/** False when what follows in the group must not be sent. */
async function sendCall(sender: Sender, call: PlannedEvent[], ports: SendPorts, sent: Sent): Promise<boolean> {
  if (sent.misconfiguration !== undefined) return false;
  const wait = ports.reserve();
  if (ports.remaining() <= wait) return false;
  if (wait > 0) await ports.sleep(wait);
  const { verdict, attempts, throttled, error } = await ports.put(
    sender,
    call.map(({ event }) => event),
    ports.remaining(),
  );
  sent.calls += 1;
  sent.retries += attempts - 1;
  sent.throttled += throttled ? 1 : 0;
  if (verdict === "accepted") {
    sent.accepted += call.length;
    mark(call, "accepted");
    return true;
  }
  if (verdict === "rejected") {
    if (call.length === 1) {
      mark(call, "rejected");
      return true;
    }
    const half = Math.ceil(call.length / 2);
    return sendInOrder(sender, [call.slice(0, half), call.slice(half)], ports, sent);
  }
  if (verdict === "misconfigured") sent.misconfiguration = error;
  ports.log({ level: "ERROR", message: "call failed", verdict, error, attempts, sequenceNumber: call[0].record.sequenceNumber });
  return false;
}

function mark(call: readonly PlannedEvent[], outcome: "accepted" | "rejected"): void {
  for (const { record, index } of call) record.outcomes[index] = outcome;
}

function isRejected({ record, index }: PlannedEvent): boolean {
  return record.outcomes[index] === "rejected";
}
