import type { Context } from "aws-lambda";
import { environment } from "../shared/environment";
import { failure } from "../shared/failure";
import { makeCalls } from "./calls";
import type { ExportEvent } from "./decide";
import { exportInteractions, type ExportAnswer } from "./export";
import { makeSource } from "./source";
import { makeTarget } from "./target";

/** Time that is kept to give up in: the upload is aborted, the error is told. */
const RESERVED_MILLISECONDS = 5000;

/** Handles one export. */
export type ExportHandler = (event: ExportEvent, context: Pick<Context, "getRemainingTimeInMillis">) => Promise<ExportAnswer>;

/**
 * Makes the export's handler, once per container. The SDK is required in here because the code travels without node_modules: the Lambda
 * runtime brings it.
 *
 * Environment: TARGET_BUCKET, TARGET_KEY (the CSV), MANIFEST_KEY (the file beside it), COLUMNS (of the CSV, joined by commas),
 * PARTS_LOCATION (`s3://` address that every part's begins with, ends with "/").
 *
 * The handler throws an Error named OutOfTime, with the upload aborted, when Lambda would end it otherwise.
 *
 * @throws Error when an environment variable is missing
 */
export function makeHandler(): ExportHandler {
  const sdk = require("@aws-sdk/client-s3") as typeof import("@aws-sdk/client-s3");
  const required = (name: string) => environment("exportInteractions", name);
  const place = { bucket: required("TARGET_BUCKET"), key: required("TARGET_KEY"), manifestKey: required("MANIFEST_KEY") };
  const columns = required("COLUMNS");
  const location = required("PARTS_LOCATION");
  const settings = { key: place.key, columns: columns.split(",") };
  const client = new sdk.S3Client({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 120_000, socketTimeout: 30_000, throwOnRequestTimeout: true },
  });

  return async (event, context) => {
    const stopping = new AbortController();
    const left = context.getRemainingTimeInMillis();
    const late = () => stopping.abort(failure("OutOfTime", `The export must end within ${left} ms: give the function more time`));
    const timer = setTimeout(late, left - Math.min(RESERVED_MILLISECONDS, left / 2));
    const calls = makeCalls(stopping.signal);
    try {
      return await exportInteractions(event, settings, {
        source: makeSource({ sdk, client }, calls, location, columns),
        target: makeTarget({ sdk, client }, calls, place),
        requests: () => calls.count(),
        stop: (error) => stopping.abort(error),
      });
    } finally {
      clearTimeout(timer);
    }
  };
}
