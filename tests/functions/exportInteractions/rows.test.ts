import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { makeRewriter } from "../../../functions/exportInteractions/rewrite";
import { type Counts, makeRowCounter, Tally } from "../../../functions/exportInteractions/rows";
import { COLUMNS } from "../../support/exportParts";

interface Case {
  name: string;
  columns: string[];
  header?: string;
  part?: string;
  partBase64?: string;
  lines?: string;
  counts?: Counts;
  error?: string;
}

const CASES = JSON.parse(fs.readFileSync(path.join(__dirname, "../../contracts/source_rows.json"), "utf8")) as Case[];
const URI = "s3://b/p";

/** Bytes cut at every multiple of `size`. */
function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** A part's lines in the CSV, and its counts, if its bytes come in chunks of a size. */
function read({ columns, header = columns.join(","), part, partBase64 = "" }: Case, size: number): Pick<Case, "lines" | "counts"> {
  const bytes = part === undefined ? Buffer.from(partBase64, "base64") : Buffer.from(part);
  const rewriter = makeRewriter(header);
  const tally = new Tally();
  const count = makeRowCounter(columns, URI, () => rewriter.headerLines(), tally);
  const lines: Buffer[] = [];
  const take = (chunks: Buffer[]) => {
    chunks.forEach(count);
    lines.push(...chunks);
  };
  for (const chunk of cut(bytes, size)) take(rewriter.push(chunk));
  take(rewriter.end());
  return { lines: Buffer.concat(lines).toString(), counts: tally.counts() };
}

/** Counts lines of the default columns. */
function count(lines: string, size = lines.length + 1): Tally {
  const tally = new Tally();
  cut(Buffer.from(lines), size).forEach(makeRowCounter(COLUMNS.split(","), URI, () => 0, tally));
  return tally;
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

  it("counts any rows, in quotes or not, however they are cut", () => {
    const id = fc.oneof(
      fc.nat(30).map(String),
      fc.constantFrom('"', ",", "é", "🎬", "a,b", 'a"b'),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 9 }),
    );
    const good = id.map((text) => text.replace(/\p{Cc}/gu, "-"));
    const row = fc.record({
      user: good,
      item: good,
      timestamp: fc.integer({ min: 1, max: 99_999_999_999 }),
      ...{ quoted: fc.boolean(), type: fc.constantFrom("watch", "buy") },
    });
    const field = (text: string, quoted: boolean) => (quoted || /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const property = fc.property(fc.array(row, { maxLength: 60 }), fc.integer({ min: 1, max: 200 }), (rows, size) => {
      const lines = rows.map(
        ({ user, item, timestamp, quoted, type }) => `${field(user, quoted)},${field(item, !quoted)},${timestamp},${type}\n`,
      );
      const users = rows.map((one) => one.user);
      assert.deepEqual(count(lines.join(""), size).counts(), {
        rows: rows.length,
        users: new Set(users).size,
        items: new Set(rows.map((one) => one.item)).size,
        repeatUsers: new Set(users.filter((user, i) => users.indexOf(user) < i)).size,
        eventTypes: new Set(rows.map((one) => one.type)).size,
      });
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("names the line of a bad row after many chunks", () => {
    const message = `Part "s3://b/p": line 5001 must have a TIMESTAMP in whole seconds from 1 to 99999999999, not in milliseconds, got "x"`;
    assert.throws(() => count(`${"u,i,1,w\n".repeat(5000)}u,i,x,w\n`, 1000), { name: "BadRow", message });
  });

  it("does not wait forever for the end of a line", () => {
    const push = makeRowCounter(COLUMNS.split(","), URI, () => 0, new Tally());
    const chunk = Buffer.alloc(600_000, "x");
    push(chunk);
    assert.throws(() => push(chunk), {
      message: `Part "s3://b/p": line 1 must have 4 fields (USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE), got 1`,
    });
  });
});

describe("Tally", () => {
  it("adds up to the tally of all rows, in any order, after it was encoded", () => {
    const row = fc.tuple(
      fc.constantFrom("u", "\u{1f3ac}", "__proto__", '"', "a,b", "\u2028"),
      fc.nat(10).map(String),
      fc.constantFrom("watch", "buy"),
    );
    const groups = fc.array(fc.array(row, { maxLength: 30 }), { maxLength: 6 });
    const shuffled = groups.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    const tallyOf = (rows: [string, string, string][]) => {
      const tally = new Tally();
      for (const row of rows) tally.add(...row);
      return tally;
    };
    const property = fc.property(shuffled, ([all, inAnyOrder]) => {
      const sum = new Tally();
      for (const rows of inAnyOrder) sum.addEncoded(tallyOf(rows).encode());
      assert.deepEqual(sum.counts(), tallyOf(all.flat()).counts());
    });
    fc.assert(property);
  });

  it("refuses more ids than fit into memory", () => {
    const tally = new Tally(1000);
    for (let i = 0; i < 100; i += 1) tally.add("u1", "item-1");
    for (let i = 2; i < 8; i += 1) tally.add(`u${i}`, `item-${i}`);
    const message = "The distinct users and items must fit into 1000 bytes, got 7 users and 7 items so far: use export.engine glue";
    assert.throws(() => tally.add("u8", "item-8"), { name: "TooManyIds", message });
    const encoded = tally.encode();
    const sum = new Tally(1500);
    sum.addEncoded(encoded);
  });
});
