import { createHash } from "node:crypto";
import { pipeline, type Readable } from "node:stream";
import { GetObjectCommand, NoSuchKey, type GetObjectCommandOutput, type S3Client } from "@aws-sdk/client-s3";
import { parse } from "csv-parse";
import { csvCell } from "../interactions/history";
import type { ExportedRow } from "./exportedExpected";

const HEAD_LINES = 5;
/** More than five lines have, with ids of the greatest length. */
const HEAD_BYTES = 65_536;

/** An object of CSV (RFC 4180) with a header; what there is to tell of it is complete once its rows are read. */
export class ExportedCsv {
  /** The header's cells. */
  columns: string[] = [];
  bytes = 0;
  /** Bytes of the same cells, with quotes only where they are needed and a newline after each row. */
  plainBytes = 0;
  private readonly hash = createHash("sha256");
  private start = Buffer.alloc(0);

  private constructor(
    private readonly body: Readable,
    /** As S3 gives it. */
    readonly etag: string,
    readonly metadata: Record<string, string>,
  ) {}

  /** @returns undefined when there is no such object */
  static async open(s3: S3Client, bucket: string, key: string): Promise<ExportedCsv | undefined> {
    const found = await getObject(s3, bucket, key);
    return found && new ExportedCsv(found.Body as Readable, found.ETag ?? "", found.Metadata ?? {});
  }

  /** Reads the object; once. A row that is none of CSV ends in an error. */
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

  /** The first five lines, the header among them, without their ends. */
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

/** @returns undefined when there is no such object */
export async function getObject(s3: S3Client, bucket: string, key: string): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

/** What is no row becomes one that nobody expects: a time that is no plain number, or a cell too many. */
function toRow([userId = "", itemId = "", time = "", ...types]: string[]): ExportedRow {
  const timestamp = /^[1-9]\d*$/.test(time) ? Number(time) : NaN;
  return { userId, itemId, timestamp, eventType: types.length === 0 ? undefined : types.join() };
}
