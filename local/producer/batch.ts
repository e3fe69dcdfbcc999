import type { ProducedRecord } from "../interactions/records";

/** Limits of PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
export const MAX_RECORDS = 500;
const MAX_BYTES = 5 * 1024 * 1024;

/**
 * Takes the records of the next request: in order, and at most one of each partition key, since PutRecords may take a later
 * record of a key and refuse an earlier one.
 *
 * @param waiting records not yet taken by the stream, in order
 * @returns the request's records, and the others in order
 */
export function takeBatch(waiting: readonly ProducedRecord[]): { batch: ProducedRecord[]; rest: ProducedRecord[] } {
  const batch: ProducedRecord[] = [];
  const rest: ProducedRecord[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  for (const record of waiting) {
    const size = record.data.length + Buffer.byteLength(record.partitionKey);
    const fits = batch.length < MAX_RECORDS && (batch.length === 0 || bytes + size <= MAX_BYTES);
    if (!fits || keys.has(record.partitionKey)) rest.push(record);
    else {
      batch.push(record);
      bytes += size;
    }
    keys.add(record.partitionKey);
  }
  return { batch, rest };
}
