import { ServiceError } from "../service";
import type { MappingSettings } from "./mappingSettings";
import { failed, type Outcome } from "./outcome";
import type { StreamRecord } from "./streamRecord";
import { judge } from "./verdict";

/** Why a batch was given up, and what its last invocation came to. */
export interface Discard {
  condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  invocations: number;
  /** Absent when the records were too old before the first invocation. */
  last?: Outcome;
}

/** What a batch's way through the function needs from outside. */
export interface BatchPorts {
  /** @throws ServiceError when the function could not be started */
  invoke(records: readonly StreamRecord[]): Promise<Outcome>;
  /** Resolves when the failure destination has the records. */
  discard(records: readonly StreamRecord[], discard: Discard): Promise<void>;
  /** The records are done with: their checkpoint may move on. */
  finish(records: readonly StreamRecord[]): Promise<void>;
  /** Epoch milliseconds. */
  now(): number;
  /** Waits after so many failures in a row. */
  pause(failures: number): Promise<void>;
}

/** A part of the batch that still has to go through the function. */
interface Segment {
  records: readonly StreamRecord[];
  retries: number;
  invocations: number;
  last?: Outcome;
}

type BatchSettings = Pick<MappingSettings, "bisect" | "reportsItemFailures" | "maximumRetryAttempts" | "maximumRecordAgeSeconds">;

/**
 * Brings a batch through the function, in order, until every record is processed or discarded.
 *
 * A thrown error halves the batch when the mapping bisects; a named failure splits it there. Neither split uses up a retry.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export async function runBatch(batch: readonly StreamRecord[], settings: BatchSettings, ports: BatchPorts): Promise<void> {
  const waiting: Segment[] = [{ records: batch, retries: 0, invocations: 0 }];
  let failures = 0;
  for (let segment = waiting.shift(); segment; segment = waiting.shift()) {
    const records = await giveUpOld(segment, settings, ports);
    if (records.length === 0) continue;
    const outcome = await attempt(records, ports);
    if (outcome === undefined) {
      waiting.unshift({ ...segment, records });
      await ports.pause((failures += 1));
      continue;
    }
    const { done, named } = judge(outcome, records, settings.reportsItemFailures);
    if (done > 0) {
      failures = 0;
      await ports.finish(records.slice(0, done));
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
      await ports.finish(rest.records);
    } else {
      waiting.unshift(...next);
      await ports.pause((failures += 1));
    }
  }
}

/** The segments to try next; undefined: give up. */
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

/** Undefined when the function did not run because too many of it do already. */
async function attempt(records: readonly StreamRecord[], ports: BatchPorts): Promise<Outcome | undefined> {
  try {
    return await ports.invoke(records);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === "TooManyRequestsException") return undefined;
    return failed({ errorType: error.code, errorMessage: error.message });
  }
}

/** Discards what has become too old; returns the rest. */
async function giveUpOld(
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
  await ports.finish(old);
  return records.slice(count);
}
