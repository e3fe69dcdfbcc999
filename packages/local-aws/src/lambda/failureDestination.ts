import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { Cloud } from "../service";
import type { Discard } from "./batch";
import type { DeployedFunction } from "./function";
import { encodeEvent, type EventSource, type StreamRecord } from "./streamRecord";

/** Where discarded batches of a mapping go. */
export interface FailureDestination {
  bucket: string;
  mappingUuid: string;
  target: DeployedFunction;
}

/**
 * Writes the invocation record of a discarded batch, as the function's role.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 * @throws ServiceError when the bucket does not take it
 */
export async function writeDiscarded(
  cloud: Cloud,
  { bucket, mappingUuid, target }: FailureDestination,
  source: EventSource,
  records: readonly StreamRecord[],
  discard: Discard,
): Promise<void> {
  const time = new Date(cloud.clock.now()).toISOString();
  const body = Buffer.from(JSON.stringify(invocationRecord(time, target, source, records, discard)));
  const day = time.slice(0, 10);
  const key = `aws/lambda/${mappingUuid}/${source.shardId}/${day.replaceAll("-", "/")}/${time.slice(0, 19).replaceAll(":", ".")}-${randomUUID()}`;
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  await cloud.call(target.principal, "s3", "PUT /{Bucket}/{Key+}", { Bucket: bucket, Key: key, headers }, Readable.from([body]));
}

function invocationRecord(
  timestamp: string,
  target: DeployedFunction,
  source: EventSource,
  records: readonly StreamRecord[],
  { condition, invocations, last }: Discard,
) {
  const iso = (record: StreamRecord | undefined): string => new Date(record?.arrivedAt ?? 0).toISOString();
  const responseContext = { statusCode: 200, executedVersion: "$LATEST", ...(last?.ok === false ? { functionError: "Unhandled" } : {}) };
  return {
    requestContext: { requestId: randomUUID(), functionArn: target.arn, condition, approximateInvokeCount: invocations },
    ...(last === undefined ? {} : { responseContext }),
    version: "1.0",
    timestamp,
    KinesisBatchInfo: {
      shardId: source.shardId,
      startSequenceNumber: records[0].sequenceNumber,
      endSequenceNumber: records.at(-1)?.sequenceNumber,
      approximateArrivalOfFirstRecord: iso(records[0]),
      approximateArrivalOfLastRecord: iso(records.at(-1)),
      batchSize: records.length,
      streamArn: source.streamArn,
    },
    payload: encodeEvent(records, source),
  };
}
