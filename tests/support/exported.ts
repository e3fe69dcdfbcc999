import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";
import type { TableRow } from "../../local/reconcile/exportedTable";

/** Puts rows as a parquet object of the interactions table. */
export async function putParquet(s3: S3Client, bucket: string, key: string, rows: readonly TableRow[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "c360-parquet-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(`CREATE TABLE t (user_id VARCHAR, item_id VARCHAR, "timestamp" BIGINT, event_type VARCHAR, streamed BOOLEAN)`);
    const appender = await connection.createAppender("t");
    for (const { userId, itemId, timestamp, eventType, streamed } of rows) {
      appender.appendVarchar(userId);
      appender.appendVarchar(itemId);
      appender.appendBigInt(BigInt(timestamp));
      appender.appendVarchar(eventType);
      appender.appendBoolean(streamed);
      appender.endRow();
    }
    appender.closeSync();
    const file = join(folder, "rows.parquet");
    await connection.run(`COPY t TO '${file}' (FORMAT parquet)`);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: await readFile(file) }));
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}
