import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from "aws-lambda";
import { environment } from "../shared/lambda";
import { makePutEvents } from "./client";
import { badParts, deadLetterObject, reasonOf, shardResults } from "./deadLetters";
import { withTimeout } from "./http";
import { plan, type BatchRecord } from "./plan";
import { CONCURRENT_CALLS, makeRateLimiter, sendGroups, type SendPorts } from "./send";

const DEAD_LETTER_MILLISECONDS = 5000;
const RETURN_MILLISECONDS = 500;
/** The dead letter itself lists all of them. */
const LOGGED_LINES = 10;

/** Handles one batch of the stream. */
export type ForwardHandler = (event: KinesisStreamEvent, context: Context) => Promise<KinesisStreamBatchResponse>;

/** Dependencies of forwarding. */
export interface ForwardPorts extends Omit<SendPorts, "remaining"> {
  /** Writes an object to the dead-letter store within the given time, or rejects. */
  store(key: string, body: string, milliseconds: number): Promise<void>;
  /** Milliseconds until Lambda stops the invocation. */
  remainingInvocation(): number;
  /** Epoch milliseconds. */
  now(): number;
}

/** What differs between deployments. */
export interface ForwardSettings {
  /** Key prefix of the dead letters, ends with "/". */
  deadLetterPrefix: string;
  /** Dimensions of the metrics. */
  dimensions: { Tenant: string; Stage: string };
}

/**
 * Makes the forwarder's handler, once per container. The SDK is required inside the function because the code is deployed without
 * node_modules: the Lambda runtime provides it.
 *
 * Environment: TRACKING_ID (event tracker), DEAD_LETTER_BUCKET, DEAD_LETTER_PREFIX (ends with "/"), CALLS_PER_SECOND (this
 * container's share of the service's limit), TENANT and STAGE (dimensions of the metrics).
 *
 * @throws Error when an environment variable is missing or invalid
 */
export function makeHandler(): ForwardHandler {
  const variable = (name: string) => environment("forwardEvents", name);
  const trackingId = variable("TRACKING_ID");
  const Bucket = variable("DEAD_LETTER_BUCKET");
  const settings: ForwardSettings = {
    deadLetterPrefix: variable("DEAD_LETTER_PREFIX"),
    dimensions: { Tenant: variable("TENANT"), Stage: variable("STAGE") },
  };
  const rate = variable("CALLS_PER_SECOND");
  if (!(Number(rate) > 0 && Number.isFinite(Number(rate)))) {
    throw new Error(`forwardEvents: environment variable CALLS_PER_SECOND must be a number above 0, got "${rate}"`);
  }
  const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3") as typeof import("@aws-sdk/client-s3");
  const s3 = new S3Client({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
  });
  const ports: Omit<ForwardPorts, "remainingInvocation"> = {
    put: makePutEvents(trackingId, CONCURRENT_CALLS),
    store: async (Key, Body, milliseconds) => {
      const command = new PutObjectCommand({ Bucket, Key, Body, ContentType: "application/x-ndjson" });
      await withTimeout(milliseconds, s3.send(command));
    },
    reserve: makeRateLimiter(Number(rate), () => performance.now()),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, Math.ceil(milliseconds))),
    random: () => Math.random(),
    now: () => Date.now(),
    log: (fact) => void process.stdout.write(`${JSON.stringify(fact)}\n`),
  };
  return (event, context) => forwardEvents(event, settings, { ...ports, remainingInvocation: () => context.getRemainingTimeInMillis() });
}

/**
 * Forwards a batch of the stream to Personalize. Afterwards every record is accepted, is in the dead-letter store, or is not before the
 * lowest failed sequence number, from which the event source mapping delivers again.
 *
 * @throws Error named Misconfiguration when the tracker or a permission is wrong: the whole batch is delivered again
 */
export async function forwardEvents(
  event: KinesisStreamEvent,
  settings: ForwardSettings,
  ports: ForwardPorts,
): Promise<KinesisStreamBatchResponse> {
  const reservedMilliseconds = Math.min(DEAD_LETTER_MILLISECONDS, ports.remainingInvocation() / 2);
  const { records, groups } = plan(event.Records);
  const sent = await sendGroups(groups, { ...ports, remaining: () => ports.remainingInvocation() - reservedMilliseconds });
  const misconfigured = sent.misconfiguration !== undefined;
  const failed: string[] = [];
  let recordsDeadLettered = 0;
  for (const shard of misconfigured ? [] : shardResults(records)) {
    failed.push(...shard.failed);
    if (shard.deadLetters.length === 0) continue;
    if (await storeDeadLetters(shard.deadLetters, settings, ports)) recordsDeadLettered += shard.deadLetters.length;
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
  if (misconfigured) throw Object.assign(new Error(sent.misconfiguration), { name: "Misconfiguration" });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Returns false when the store did not take the records. */
async function storeDeadLetters(records: BatchRecord[], settings: ForwardSettings, ports: ForwardPorts): Promise<boolean> {
  const { key, body } = deadLetterObject(settings.deadLetterPrefix, records);
  try {
    await ports.store(key, body, ports.remainingInvocation() - RETURN_MILLISECONDS);
  } catch (error) {
    const { name } = error as Error;
    ports.log({ level: "ERROR", message: "dead letters not stored", key, error: name, sequenceNumber: records[0].sequenceNumber });
    return false;
  }
  for (const record of records) {
    const { sequenceNumber, shard } = record;
    const { events, lines } = badParts(record);
    const bad = lines === undefined ? { events } : { badLines: lines.length, lines: lines.slice(0, LOGGED_LINES) };
    ports.log({ level: "WARN", message: "dead letter", sequenceNumber, shard, reason: reasonOf(record), ...bad, key });
  }
  return true;
}

/**
 * The log line from which CloudWatch extracts metrics, in the
 * [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
 */
function metricsLine(dimensions: ForwardSettings["dimensions"], counts: Record<string, number>, now: number): Record<string, unknown> {
  const Metrics = Object.keys(counts).map((Name) => ({ Name, Unit: "Count" }));
  const metrics = { Namespace: "C360/Recommender", Dimensions: [Object.keys(dimensions)], Metrics };
  return { level: "INFO", message: "batch", ...dimensions, ...counts, _aws: { Timestamp: now, CloudWatchMetrics: [metrics] } };
}
