import { S3Client } from "@aws-sdk/client-s3";
import type { Context } from "aws-lambda";
import { environment, failure } from "../shared/lambda";
import type { ExportEvent } from "./event";
import { type ExportAnswer, exportInteractions, type ExportSettings, type Unfinished } from "./export";
import { S3 } from "./s3";

/** Time that is kept to abort uploads and to report the error. */
const RESERVED_MILLISECONDS = 5000;

const required = (name: string) => environment("exportInteractions", name);

const settings: ExportSettings = {
  target: { bucket: required("TARGET_BUCKET"), key: required("TARGET_KEY"), manifestKey: required("MANIFEST_KEY") },
  columns: required("COLUMNS").split(","),
  header: required("HEADER"),
  partsLocation: required("PARTS_LOCATION"),
  stagingLocation: required("WORK_LOCATION"),
};

const client = new S3Client({
  maxAttempts: 4,
  // gzip and TLS detect damaged bytes, and the CSV has a checksum of its own.
  requestChecksumCalculation: "WHEN_REQUIRED",
  responseChecksumValidation: "WHEN_REQUIRED",
  requestHandler: { connectionTimeout: 2000, requestTimeout: 120_000, socketTimeout: 30_000, throwOnRequestTimeout: true },
});

/** Exports a run's parts. Fails with an Error named OutOfTime, and aborts every upload, before Lambda would end it. */
export async function handler(event: ExportEvent, context: Pick<Context, "getRemainingTimeInMillis">): Promise<ExportAnswer | Unfinished> {
  const s3 = new S3(client);
  const limit = context.getRemainingTimeInMillis();
  const reserved = Math.min(RESERVED_MILLISECONDS, limit / 2);
  const late = () =>
    s3.stop(failure("OutOfTime", `The export must end within ${limit} ms: give the function more time, or use export.engine glue`));
  const timer = setTimeout(late, limit - reserved);
  try {
    return await exportInteractions(event, settings, { s3, limit, left: () => context.getRemainingTimeInMillis() - reserved });
  } finally {
    clearTimeout(timer);
  }
}
