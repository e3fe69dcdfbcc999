import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { pipeline as pipelineEnd } from "node:stream/promises";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { parse } from "csv-parse";
import { csvCell, type Interaction } from "../interactions/table";
import type { ExportedRow } from "./expectedExport";
import { getObject, listKeys } from "./storage";

/** A row of the interactions table. */
export interface TableRow extends Interaction {
  /** Whether it came as an event, perhaps besides the history. */
  streamed: boolean;
}

/** Reads the parquet objects below a prefix, with one on disk at a time. Skips hidden objects, as Athena does. */
export async function* readTable(s3: S3Client, bucket: string, prefix: string): AsyncGenerator<TableRow> {
  const folder = await mkdtemp(join(tmpdir(), "c360-table-"));
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  try {
    for await (const key of listKeys(s3, bucket, prefix)) {
      if (/(^|\/)[._][^/]*$/.test(key)) continue;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const file = join(folder, "part.parquet");
      await pipelineEnd(Body as Readable, createWriteStream(file));
      yield* readParquet(connection, file);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}

/** DuckDB's client drops a byte order mark at the beginning of a text; a dot before it keeps it. NULL becomes an empty text. */
const text = (column: string): string => `coalesce('.' || ${column}, '')`;
const ROWS = `SELECT ${text("user_id")}, ${text("item_id")}, "timestamp", ${text("event_type")}, streamed FROM read_parquet`;

async function* readParquet(connection: DuckDBConnection, file: string): AsyncGenerator<TableRow> {
  const rows = await connection.stream(`${ROWS}('${file.replaceAll("'", "''")}')`);
  for (;;) {
    const chunk = await rows.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    for (const [user, item, timestamp, type, streamed] of chunk.getRows() as [string, string, bigint, string, boolean][]) {
      yield { userId: user.slice(1), itemId: item.slice(1), timestamp: Number(timestamp), eventType: type.slice(1), streamed };
    }
  }
}

const HEAD_LINES = 5;
/** More than five lines take, even with ids of the greatest length. */
const HEAD_BYTES = 65_536;

/** A CSV object (RFC 4180) with a header. Its members are complete once its rows have been read. */
export class ExportedCsv {
  /** Cells of the header. */
  columns: string[] = [];
  bytes = 0;
  /** Bytes of the same cells with quotes only where they are needed and a newline after each row. */
  plainBytes = 0;
  private readonly hash = createHash("sha256");
  private start = Buffer.alloc(0);

  private constructor(
    private readonly body: Readable,
    /** As S3 returns it. */
    readonly etag: string,
    readonly metadata: Record<string, string>,
  ) {}

  /** @returns undefined when there is no such object */
  static async open(s3: S3Client, bucket: string, key: string): Promise<ExportedCsv | undefined> {
    const found = await getObject(s3, bucket, key);
    return found && new ExportedCsv(found.Body as Readable, found.ETag ?? "", found.Metadata ?? {});
  }

  /**
   * Reads the object. Call it once.
   *
   * @throws Error when a row is not CSV
   */
  async *rows(): AsyncGenerator<ExportedRow> {
    const parser = parse({ relax_column_count: true });
    pipeline(
      this.body,
      (chunks: AsyncIterable<Buffer>) => this.tap(chunks),
      parser,
      () => undefined,
    );
    for await (const cells of parser as AsyncIterable<string[]>) {
      this.plainBytes += Buffer.byteLength(cells.map(csvCell).join()) + 1;
      if (this.columns.length === 0) this.columns = cells;
      else yield toRow(cells);
    }
  }

  /** Hex. */
  get sha256(): string {
    return this.hash.copy().digest("hex");
  }

  /** The first five lines, including the header, without line ends. */
  get head(): string[] {
    return this.start
      .toString()
      .split("\n", HEAD_LINES)
      .filter((line) => line !== "");
  }

  private async *tap(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.hash.update(chunk);
      this.bytes += chunk.length;
      if (this.start.length < HEAD_BYTES) this.start = Buffer.concat([this.start, chunk]);
      yield chunk;
    }
  }
}

/** A row with a time that is not a plain number, or with too many cells, becomes one that is not expected. */
function toRow([userId = "", itemId = "", time = "", ...types]: string[]): ExportedRow {
  const timestamp = /^[1-9]\d*$/.test(time) ? Number(time) : NaN;
  return { userId, itemId, timestamp, eventType: types.length === 0 ? undefined : types.join() };
}
