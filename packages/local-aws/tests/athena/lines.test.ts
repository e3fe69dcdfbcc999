import { DuckDBInstance } from "@duckdb/node-api";
import * as fc from "fast-check";
import * as assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { LineEncoder } from "../../src/athena/textLines";

/** Lines as Hadoop reads them, the slow way. */
function linesOf(bytes: Buffer): string[] {
  const lines = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom("\n", "\r", "\r\n", '"', '""', ",", "\\", "\ufeff", "\0").map((text) => Buffer.from(text)),
    fc.string({ unit: "binary" }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  ),
  { maxLength: 12 },
);

/** What an encoder makes of bytes that come in chunks of so many. */
function encode(bytes: Buffer, chunk: number): { text: string; rowBytes: number } {
  const encoder = new LineEncoder(7);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += chunk) parts.push(encoder.push(bytes.subarray(at, at + chunk)));
  const text = parts.join("") + encoder.end();
  return { text, rowBytes: encoder.rowBytes };
}

describe("Athena's lines", () => {
  it("are rows of a CSV, in whatever chunks they come", () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 9 }), (given, chunk) => {
        const bytes = Buffer.concat(given);
        const { text, rowBytes } = encode(bytes, chunk);
        const rows = parse(text, { relax_column_count: false, bom: false, record_delimiter: "\n" }) as unknown as string[][];
        assert.deepEqual(
          rows,
          linesOf(bytes).map((line) => [line, "7"]),
        );
        for (const row of text.split("\n")) assert.ok(Buffer.byteLength(row) + 1 <= rowBytes, `${Buffer.byteLength(row)} > ${rowBytes}`);
      }),
    );
  });

  it("are read by DuckDB exactly", async () => {
    const folder = await mkdtemp(join(tmpdir(), "local-aws-lines-"));
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const file = join(folder, "lines.csv");
    const read = `SELECT hex(encode(line)) FROM read_csv('${file}', auto_detect = false, header = false, delim = ',', quote = '"', escape = '"',
      allow_quoted_nulls = false, new_line = '\\n', columns = {'line': 'VARCHAR', 'object id': 'INTEGER'})`;
    await fc.assert(
      fc.asyncProperty(pieces, async (given) => {
        const bytes = Buffer.concat(given);
        await writeFile(file, encode(bytes, 64).text);
        const rows = (await connection.runAndReadAll(read)).getRows().map(([hex]) => hex);
        assert.deepEqual(
          rows,
          linesOf(bytes).map((line) => Buffer.from(line).toString("hex").toUpperCase()),
        );
      }),
    );
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  });
});
