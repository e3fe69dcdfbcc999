import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";
import { encodeCsv } from "../../local/interactions/table";
import type { PipelineOutput } from "../../local/pipelineRun";
import type { ExpectedExport } from "../../local/reconciliation/expectedExport";
import type { TableRow } from "../../local/reconciliation/exportedFiles";
import type { ExportLocations } from "../../local/reconciliation/storage";
import { trained } from "./report";
import { tableOf } from "./interactions";

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

/** Stores what a run must produce, and returns its output. */
export async function putExport(
  s3: S3Client,
  locations: ExportLocations,
  { rows, rowsIn, leftOut }: ExpectedExport,
): Promise<PipelineOutput> {
  const [runId, runDate] = ["0123456789ab-1", "2026-11-25"];
  const made = [...rows].map(([key, { streamed }]): TableRow => {
    const [userId, itemId, timestamp, eventType] = JSON.parse(key) as [string, string, number, string];
    return { userId, itemId, timestamp, eventType, streamed };
  });
  await putParquet(s3, locations.lake, `${locations.table}dt=${runDate}/run=${runId}/part`, made);
  const distinct = (name: "userId" | "itemId"): number => new Set(made.map((row) => row[name])).size;
  const totals = { rows: made.length, users: distinct("userId"), items: distinct("itemId") };
  const csv = encodeCsv(tableOf(made), Uint32Array.from(made.keys()));
  const manifest = { runId, runDate, ...totals, bytes: csv.length, columns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"] };
  const Metadata = Object.fromEntries(Object.entries(manifest).map(([name, value]) => [name.toLowerCase(), String(value)]));
  const { ETag: etag } = await s3.send(new PutObjectCommand({ Bucket: locations.downstream, Key: locations.csv, Body: csv, Metadata }));
  const Body = JSON.stringify({ ...manifest, etag });
  await s3.send(new PutObjectCommand({ Bucket: locations.downstream, Key: locations.manifest, Body }));
  const counts = { rowsIn, leftOut, table: totals, csv: { ...totals, repeatUsers: 0, bytes: csv.length } };
  return { runId, runDate, engine: "lambda", counts, training: trained("updated") };
}
