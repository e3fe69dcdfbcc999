import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from "aws-lambda";
import { makePutEvents } from "./client";
import { forwardEvents, type ForwardPorts } from "./forward";
import { makePacer } from "./pacer";
import { withRetries } from "./retry";
import { within } from "./within";

/** Handles one batch of the stream. */
export type ForwardHandler = (event: KinesisStreamEvent, context: Context) => Promise<KinesisStreamBatchResponse>;

/**
 * Makes the forwarder's handler, once per container. The SDK is required in here because the code travels without node_modules: the
 * Lambda runtime brings it.
 *
 * Environment: TRACKING_ID (event tracker), DEAD_LETTER_BUCKET, DEAD_LETTER_PREFIX (ends with "/"), CALLS_PER_SECOND (this
 * container's share of the service's limit), TENANT and STAGE (dimensions of the metrics).
 *
 * @throws Error when an environment variable is missing or wrong
 */
export function makeHandler(): ForwardHandler {
  const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3") as typeof import("@aws-sdk/client-s3");
  const trackingId = required("TRACKING_ID");
  const bucket = required("DEAD_LETTER_BUCKET");
  const settings = {
    deadLetterPrefix: required("DEAD_LETTER_PREFIX"),
    dimensions: { Tenant: required("TENANT"), Stage: required("STAGE") },
  };
  const putEvents = makePutEvents(trackingId);
  const s3 = new S3Client({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
  });
  const now = () => performance.now();
  const reserve = makePacer(callsPerSecond(), now);
  const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.ceil(milliseconds)));
  const retries = { reserve, sleep, now, random: () => Math.random() };

  const put: ForwardPorts["put"] = (sender, events, milliseconds) =>
    withRetries((left) => putEvents(sender, events, left), retries, milliseconds);
  const store: ForwardPorts["store"] = async (Key, Body, milliseconds) => {
    const command = new PutObjectCommand({ Bucket: bucket, Key, Body, ContentType: "application/x-ndjson" });
    await within(milliseconds, s3.send(command));
  };
  const log = (fact: Record<string, unknown>) => void process.stdout.write(`${JSON.stringify(fact)}\n`);

  const memory = { allRejected: false };

  return (event, context) =>
    forwardEvents(event, settings, {
      put,
      store,
      reserve,
      memory,
      sleep,
      log,
      now: () => Date.now(),
      remainingInvocation: () => context.getRemainingTimeInMillis(),
    });
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`forwardEvents: environment variable ${name} must be set`);
  return value;
}

function callsPerSecond(): number {
  const text = required("CALLS_PER_SECOND");
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new Error(`forwardEvents: environment variable CALLS_PER_SECOND must be a number above 0, got "${text}"`);
  }
  return value;
}
