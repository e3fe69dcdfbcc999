import type { Outcome } from "./outcome";
import type { StreamRecord } from "./streamRecord";

/** What an outcome says about a batch: how many records from its start are done, and whether the function named the first failed one. */
export interface Verdict {
  done: number;
  named: boolean;
}

/**
 * Reads the answer to a batch as an event source mapping does.
 * An empty or absent list is success; an identifier that is not of the batch, or a list of another shape, fails all of it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 * @param reportsItemFailures whether the mapping looks at the answer at all
 */
export function judge(outcome: Outcome, records: readonly StreamRecord[], reportsItemFailures: boolean): Verdict {
  const success = { done: records.length, named: false };
  const failure = { done: 0, named: false };
  if (!outcome.ok) return failure;
  if (!reportsItemFailures) return success;
  const answer = (JSON.parse(outcome.payload) ?? {}) as { batchItemFailures?: unknown };
  if (typeof answer !== "object") return failure;
  const failures = answer.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return failure;
  if (failures.length === 0) return success;
  const positions = new Map(records.map(({ sequenceNumber }, i) => [sequenceNumber, i]));
  const failed = failures.map((item) => positions.get((item as { itemIdentifier?: string } | null)?.itemIdentifier ?? ""));
  if (failed.some((position) => position === undefined)) return failure;
  return { done: Math.min(...(failed as number[])), named: true };
}
