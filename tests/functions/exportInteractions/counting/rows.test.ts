import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { makeRewriter } from "../../../../functions/exportInteractions/unpacking/rewrite";
import { makeRowCounter } from "../../../../functions/exportInteractions/counting/rows";
import { countsOf, makeTally, type TallyCounts } from "../../../../functions/exportInteractions/counting/tally";
import { COLUMNS } from "../../../support/exportParts";

interface Case {
  name: string;
  columns: string[];
  header?: string;
  part?: string;
  partBase64?: string;
  lines?: string;
  counts?: TallyCounts;
  error?: string;
}

const CASES = JSON.parse(fs.readFileSync(path.join(__dirname, "../../../contracts/source_rows.json"), "utf8")) as Case[];
const URI = "s3://b/p";

/** Bytes cut at every multiple of `size`. */
function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** What the export has of a part whose bytes come in chunks of a size, and its counts. */
function read({ columns, header = columns.join(","), part, partBase64 = "" }: Case, size: number): Pick<Case, "lines" | "counts"> {
  const bytes = part === undefined ? Buffer.from(partBase64, "base64") : Buffer.from(part);
  const firstLine = bytes.toString().split("\n", 1)[0].replace(/\r$/, "");
  const rewriter = makeRewriter(header);
  const tally = makeTally();
  const counter = makeRowCounter(columns, URI, () => (firstLine === header ? 1 : 0), tally);
  const lines: Buffer[] = [];
  const take = (chunks: Buffer[]) => {
    for (const chunk of chunks) {
      counter.push(chunk);
      lines.push(chunk);
    }
  };
  for (const chunk of cut(bytes, size)) take(rewriter.push(chunk));
  take(rewriter.end());
  return { lines: Buffer.concat(lines).toString(), counts: countsOf(tally) };
}

/** Pushes lines of the default columns that no rewriter saw. */
function count(lines: string, size: number): TallyCounts {
  const tally = makeTally();
  const counter = makeRowCounter(COLUMNS.split(","), URI, () => 0, tally);
  for (const chunk of cut(Buffer.from(lines), size)) counter.push(chunk);
  return countsOf(tally);
}

describe("makeRowCounter", () => {
  for (const one of CASES) {
    it(`reads as every engine: ${one.name}`, () => {
      for (const size of [1, 2, 7, 64, 100_000]) {
        if (one.error === undefined) assert.deepEqual(read(one, size), { lines: one.lines, counts: one.counts });
        else assert.throws(() => read(one, size), { name: "BadRow", message: one.error });
      }
    });
  }

  it("counts any rows as sets of texts do, in quotes or not, however they are cut", () => {
    const id = fc.oneof(
      fc.nat(30).map(String),
      fc.constantFrom('"', ",", "é", "🎬", "a,b", 'a"b'),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 9 }),
    );
    const good = id.map((text) => text.replace(/\p{Cc}/gu, "-"));
    const row = fc.record({ user: good, item: good, timestamp: fc.integer({ min: 1, max: 999_999_999_999_999 }), quoted: fc.boolean() });
    const field = (text: string, quoted: boolean) => (quoted || /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const property = fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 1, max: 200 }), (rows, size) => {
      const lines = rows.map(({ user, item, timestamp, quoted }) => `${field(user, quoted)},${field(item, !quoted)},${timestamp},watch\n`);
      const users = rows.map((one) => one.user);
      assert.deepEqual(count(lines.join(""), size), {
        rows: rows.length,
        users: new Set(users).size,
        items: new Set(rows.map((one) => one.item)).size,
        repeatUsers: new Set(users.filter((user, i) => users.indexOf(user) < i)).size,
      });
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("tells the line of a bad row after many chunks", () => {
    const message = `Part "s3://b/p": line 5001 must have a TIMESTAMP in whole seconds above 0, got "x"`;
    assert.throws(() => count(`${"u,i,1,w\n".repeat(5000)}u,i,x,w\n`, 1000), { name: "BadRow", message });
  });

  it("does not wait for ever for the end of a line", () => {
    const counter = makeRowCounter(COLUMNS.split(","), URI, () => 0, makeTally());
    const chunk = Buffer.alloc(600_000, "x");
    counter.push(chunk);
    assert.throws(() => counter.push(chunk), {
      message: `Part "s3://b/p": line 1 must have 4 fields (USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE), got 1`,
    });
  });
});
