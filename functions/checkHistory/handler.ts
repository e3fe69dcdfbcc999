import { environment } from "../shared/environment";
import { checkHistory, type HistoryAnswer, type HistoryPorts } from "./checkHistory";

/** Checks the whole history; takes no input. */
export type HistoryHandler = (event: unknown) => Promise<HistoryAnswer>;

/**
 * Makes the handler, once per container. The SDK is required in here because the code travels without node_modules: the Lambda runtime
 * brings it.
 *
 * Environment: HISTORY_BUCKET, HISTORY_PREFIX (ends with "/").
 *
 * @throws Error when an environment variable is missing
 */
export function makeHandler(): HistoryHandler {
  const { GetObjectCommand, paginateListObjectsV2, S3Client } = require("@aws-sdk/client-s3") as typeof import("@aws-sdk/client-s3");
  const Bucket = environment("checkHistory", "HISTORY_BUCKET");
  const Prefix = environment("checkHistory", "HISTORY_PREFIX");
  const client = new S3Client({
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 10_000, socketTimeout: 10_000, throwOnRequestTimeout: true },
  });
  const ports: HistoryPorts = {
    list: async function* () {
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
        for (const { Key = "", Size = 0 } of Contents) yield { key: Key, bytes: Size };
      }
    },
    start: async (Key, bytes) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=0-${bytes - 1}` }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
  };
  return () => checkHistory(`s3://${Bucket}/`, ports);
}
