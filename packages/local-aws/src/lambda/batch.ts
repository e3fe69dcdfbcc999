import type { StreamRecord } from "../kinesis/shardReader";
import { ServiceError } from "../service";
import { failed, type Outcome } from "./environment";
import type { MappingSettings } from "./mappingSettings";

/** Why a batch was discarded, and the outcome of its last invocation. */
export interface Discard {
  condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  invocations: number;
  /** Absent when the records were too old before the first invocation. */
  last?: Outcome;
}

/** What {@link runBatch} needs from outside. */
export interface BatchPorts {
  /** @throws ServiceError when the function could not be started */
  invoke(records: readonly StreamRecord[]): Promise<Outcome>;
  /** Resolves when the failure destination has the records. */
  discard(records: readonly StreamRecord[], discard: Discard): Promise<void>;
  /** The records are processed or discarded: their checkpoint may move on. */
  finish(records: readonly StreamRecord[]): void;
  /** Epoch milliseconds. */
  now(): number;
  /** Waits after a number of consecutive failures. */
  pause(failures: number): Promise<void>;
}

/** A part of the batch that the function has not processed. */
interface Segment {
  records: readonly StreamRecord[];
  retries: number;
  invocations: number;
  last?: Outcome;
}

type BatchSettings = Pick<MappingSettings, "bisect" | "reportsItemFailures" | "maximumRetryAttempts" | "maximumRecordAgeSeconds">;

/**
 * Invokes the function with a batch, in order, until every record is processed or discarded.
 *
 * A thrown error halves the batch when the mapping bisects; a named failure splits it there. Neither split uses up a retry.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export async function runBatch(batch: readonly StreamRecord[], settings: BatchSettings, ports: BatchPorts): Promise<void> {
  const waiting: Segment[] = [{ records: batch, retries: 0, invocations: 0 }];
  let failures = 0;
  for (let segment = waiting.shift(); segment; segment = waiting.shift()) {
    const records = await discardOld(segment, settings, ports);
    if (records.length === 0) continue;
    const outcome = await attempt(records, ports);
    if (outcome === undefined) {
      waiting.unshift({ ...segment, records });
      await ports.pause((failures += 1));
      continue;
    }
    const { done, named } = readResponse(outcome, records, settings.reportsItemFailures);
    if (done > 0) {
      failures = 0;
      ports.finish(records.slice(0, done));
    }
    if (done === records.length) continue;
    const rest = {
      records: records.slice(done),
      retries: done > 0 ? 0 : segment.retries,
      invocations: segment.invocations + 1,
      last: outcome,
    };
    const next = afterFailure(rest, { ...settings, progressed: done > 0, named });
    if (next === undefined) {
      await ports.discard(rest.records, { condition: "RetryAttemptsExhausted", invocations: rest.invocations, last: outcome });
      ports.finish(rest.records);
    } else {
      waiting.unshift(...next);
      await ports.pause((failures += 1));
    }
  }
}

/** The segments to try next; undefined: discard. */
function afterFailure(segment: Segment, how: BatchSettings & { progressed: boolean; named: boolean }): Segment[] | undefined {
  const { records, retries } = segment;
  if (how.progressed) return [segment];
  if (how.bisect && !how.named && records.length > 1) {
    const middle = Math.ceil(records.length / 2);
    return [
      { ...segment, records: records.slice(0, middle) },
      { ...segment, records: records.slice(middle) },
    ];
  }
  if (how.maximumRetryAttempts >= 0 && retries >= how.maximumRetryAttempts) return undefined;
  return [{ ...segment, retries: retries + 1 }];
}

/** Undefined when the function did not run because of its concurrency limit. */
async function attempt(records: readonly StreamRecord[], ports: BatchPorts): Promise<Outcome | undefined> {
  try {
    return await ports.invoke(records);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === "TooManyRequestsException") return undefined;
    return failed({ errorType: error.code, errorMessage: error.message });
  }
}

/** Discards the records that have become too old; returns the others. */
async function discardOld(
  { records, invocations, last }: Segment,
  settings: BatchSettings,
  ports: BatchPorts,
): Promise<readonly StreamRecord[]> {
  const { maximumRecordAgeSeconds: seconds } = settings;
  if (seconds < 0) return records;
  const oldest = ports.now() - seconds * 1000;
  const firstYoung = records.findIndex(({ arrivedAt }) => arrivedAt >= oldest);
  const count = firstYoung < 0 ? records.length : firstYoung;
  if (count === 0) return records;
  const old = records.slice(0, count);
  await ports.discard(old, { condition: "RecordAgeExceeded", invocations, last });
  ports.finish(old);
  return records.slice(count);
}

/**
 * Reads the response to a batch as an event source mapping does.
 * An empty or absent list is success; an identifier that is not of the batch, or a list of another shape, fails all of it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 * @param reportsItemFailures whether the mapping reads the response at all
 * @returns how many records from the batch's start are done, and whether the function named the first failed one
 */
export function readResponse(
  outcome: Outcome,
  records: readonly StreamRecord[],
  reportsItemFailures: boolean,
): { done: number; named: boolean } {
  const success = { done: records.length, named: false };
  const failure = { done: 0, named: false };
  if (!outcome.ok) return failure;
  if (!reportsItemFailures) return success;
  const response = (JSON.parse(outcome.payload) ?? {}) as { batchItemFailures?: unknown };
  if (typeof response !== "object") return failure;
  const failures = response.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return failure;
  if (failures.length === 0) return success;
  const positions = new Map(records.map(({ sequenceNumber }, i) => [sequenceNumber, i]));
  const failed = failures.map((item) => positions.get((item as { itemIdentifier?: string } | null)?.itemIdentifier ?? ""));
  if (failed.some((position) => position === undefined)) return failure;
  return { done: Math.min(...(failed as number[])), named: true };
}
