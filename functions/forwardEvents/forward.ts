import type { KinesisStreamBatchResponse, KinesisStreamEvent } from "aws-lambda";
import { metricsLine, type Dimensions } from "./metrics";
import { plan, type BatchRecord } from "./plan";
import { sendGroups, type SendPorts } from "./send";
import { badEvents, deadLetterObject, reasonOf, settle } from "./settle";

const DEAD_LETTER_MILLISECONDS = 5000;
const ANSWER_MILLISECONDS = 500;

/** What the adapter needs from the world. */
export interface ForwardPorts extends Omit<SendPorts, "remaining"> {
  /** Writes an object of the dead-letter store within the given time, or rejects. */
  store(key: string, body: string, milliseconds: number): Promise<void>;
  /** Milliseconds until the invocation is cut off. */
  remainingInvocation(): number;
  /** Epoch milliseconds. */
  now(): number;
}

/** What differs between deployments. */
export interface ForwardSettings {
  /** Key prefix of the dead letters, ends with "/". */
  deadLetterPrefix: string;
  dimensions: Dimensions;
}

/**
 * Forwards a batch of the stream to Personalize. Every record ends up accepted, in the dead-letter store or at or after the lowest
 * returned sequence number, from where the event source mapping delivers again.
 *
 * @throws Error named Misconfiguration when the tracker or a permission is wrong: the whole batch comes again
 */
export async function forwardEvents(
  event: KinesisStreamEvent,
  settings: ForwardSettings,
  ports: ForwardPorts,
): Promise<KinesisStreamBatchResponse> {
  const reserveMilliseconds = Math.min(DEAD_LETTER_MILLISECONDS, ports.remainingInvocation() / 2);
  const { records, groups } = plan(event.Records);
  const sent = await sendGroups(groups, { ...ports, remaining: () => ports.remainingInvocation() - reserveMilliseconds });
  const misconfigured = sent.misconfiguration !== undefined;
  const failed: string[] = [];
  let recordsDeadLettered = 0;
  for (const shard of misconfigured ? [] : settle(records)) {
    failed.push(...shard.failed);
    if (shard.deadLetters.length === 0) continue;
    if (await keepDeadLetters(shard.deadLetters, settings, ports)) recordsDeadLettered += shard.deadLetters.length;
    else failed.push(shard.deadLetters[0].sequenceNumber);
  }
  const counts = {
    RecordsIn: records.length,
    EventsForwarded: sent.accepted,
    CallsMade: sent.calls,
    CallRetries: sent.retries,
    Throttled: sent.throttled,
    RecordsDeadLettered: recordsDeadLettered,
    RecordsRetried: misconfigured ? records.length : failed.length,
  };
  ports.log(metricsLine(settings.dimensions, counts, ports.now()));
  if (sent.misconfiguration !== undefined) throw Object.assign(new Error(sent.misconfiguration), { name: "Misconfiguration" });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

async function keepDeadLetters(records: BatchRecord[], settings: ForwardSettings, ports: ForwardPorts): Promise<boolean> {
  const { key, body } = deadLetterObject(settings.deadLetterPrefix, records);
  try {
    await ports.store(key, body, ports.remainingInvocation() - ANSWER_MILLISECONDS);
  } catch (error) {
    const { name } = error as Error;
    ports.log({ level: "ERROR", message: "dead letters not stored", key, error: name, sequenceNumber: records[0].sequenceNumber });
    return false;
  }
  for (const record of records) {
    const { sequenceNumber, shard } = record;
    ports.log({ level: "WARN", message: "dead letter", sequenceNumber, shard, reason: reasonOf(record), events: badEvents(record), key });
  }
  return true;
}
