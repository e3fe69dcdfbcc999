import type { Context } from "aws-lambda";
import { environment } from "../shared/environment";
import { failure } from "../shared/failure";
import { makeCalls } from "./calls";
import type { ExportEvent } from "./event";
import { exportInteractions, type ExportAnswer } from "./export";
import type { Unfinished } from "./prepare";
import { makeSource } from "./source";
import { makeTarget } from "./target";
import { makeWorkplace } from "./unpacking/workplace";

/** Time that is kept to give up in: the upload is aborted, the error is told. */
const RESERVED_MILLISECONDS = 5000;

/** Handles one export. */
export type ExportHandler = (event: ExportEvent, context: Pick<Context, "getRemainingTimeInMillis">) => Promise<ExportAnswer | Unfinished>;

/**
 * Makes the export's handler, once per container. The SDK is required in here because the code travels without node_modules: the Lambda
 * runtime brings it.
 *
 * Environment: TARGET_BUCKET, TARGET_KEY (the CSV), MANIFEST_KEY (the file beside it), COLUMNS (of the CSV, joined by commas), HEADER
 * (line that a part may begin with), PARTS_LOCATION (`s3://` address that every part's begins with) and WORK_LOCATION (where inflated
 * parts go), which end with "/".
 *
 * The handler throws an Error named OutOfTime, with every upload aborted, when Lambda would end it otherwise.
 *
 * @throws Error when an environment variable is missing
 */
export function makeHandler(): ExportHandler {
  const sdk = require("@aws-sdk/client-s3") as typeof import("@aws-sdk/client-s3");
  const required = (name: string) => environment("exportInteractions", name);
  const place = { bucket: required("TARGET_BUCKET"), key: required("TARGET_KEY"), manifestKey: required("MANIFEST_KEY") };
  const header = required("HEADER");
  const location = required("PARTS_LOCATION");
  const workLocation = required("WORK_LOCATION");
  const settings = { key: place.key, columns: required("COLUMNS").split(","), header };
  const client = new sdk.S3Client({
    maxAttempts: 4,
    // gzip and TLS tell what came wrong; the CSV has a checksum of its own.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: { connectionTimeout: 2000, requestTimeout: 120_000, socketTimeout: 30_000, throwOnRequestTimeout: true },
  });
  const connection = { sdk, client };

  return async (event, context) => {
    const stopping = new AbortController();
    const limit = context.getRemainingTimeInMillis();
    const reserved = Math.min(RESERVED_MILLISECONDS, limit / 2);
    const late = () =>
      stopping.abort(
        failure("OutOfTime", `The export must end within ${limit} ms: give the function more time, or take export.engine glue`),
      );
    const timer = setTimeout(late, limit - reserved);
    const calls = makeCalls(stopping.signal);
    try {
      return await exportInteractions(event, settings, {
        source: makeSource(connection, calls, location, header),
        target: makeTarget(connection, calls, place),
        workplaceOf: (runId) => makeWorkplace(connection, calls, workLocation, runId),
        requests: () => calls.count(),
        left: () => context.getRemainingTimeInMillis() - reserved,
        limit,
        stop: (error) => stopping.abort(error),
      });
    } finally {
      clearTimeout(timer);
    }
  };
}
