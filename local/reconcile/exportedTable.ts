import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import type { Interaction } from "../interactions/table";
import { listKeys } from "../upstream";

/** A row of the interactions table. */
export interface TableRow extends Interaction {
  /** It came as an event, too or only. */
  streamed: boolean;
}

/** Reads the parquet objects below a prefix, one on this machine's disk at a time. Hidden ones are passed over, as Athena does. */
export async function* readTable(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<TableRow> {
  const folder = await mkdtemp(join(tmpdir(), "c360-table-"));
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    for await (const key of listKeys(s3, bucket, prefix)) {
      if (/(^|\/)[._][^/]*$/.test(key)) continue;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const file = join(folder, "part.parquet");
      await pipeline(Body as Readable, createWriteStream(file));
      yield* readParquet(connection, file);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}

/** DuckDB's client drops a byte order mark that a text begins with; a dot before it keeps it. NULL is shown as an empty text. */
const text = (column: string): string => `coalesce('.' || ${column}, '')`;
const ROWS = `SELECT ${text("user_id")}, ${text("item_id")}, "timestamp", ${text("event_type")}, streamed FROM read_parquet`;

async function* readParquet(connection: DuckDBConnection, file: string): AsyncGenerator<TableRow> {
  const rows = await connection.stream(`${ROWS}('${quoted(file)}')`);
  for (;;) {
    const chunk = await rows.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    for (const [user, item, timestamp, type, streamed] of chunk.getRows() as [string, string, bigint, string, boolean][]) {
      yield { userId: user.slice(1), itemId: item.slice(1), timestamp: Number(timestamp), eventType: type.slice(1), streamed };
    }
  }
}

function quoted(text: string): string {
  return text.replaceAll("'", "''");
}
