import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { makeCutter } from "../../../functions/exportInteractions/cutter";
import { readPieces } from "../../../functions/exportInteractions/lines";
import type { Part } from "../../../functions/exportInteractions/part";
import { readAhead } from "../../../functions/exportInteractions/readAhead";
import { COLUMNS, lines } from "../../support/exportParts";

const MIB = 1024 ** 2;

describe("makeCutter", () => {
  it("cuts a stream of any chunks into uploads of a size, the last one of at least the least", () => {
    const property = fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 }), (sizes) => {
      const chunks = sizes.map((size, i) => Buffer.alloc(size, i));
      const cutter = makeCutter(40, 25);
      const full = chunks.flatMap((chunk) => cutter.push(chunk) ?? []);
      const rest = cutter.end() ?? Buffer.alloc(0);
      assert.deepEqual(Buffer.concat([...full, rest]), Buffer.concat(chunks));
      assert.ok(full.every(({ length }) => length === 40));
      assert.ok(full.length === 0 || rest.length >= 25);
      assert.ok(rest.length < 40 + 25 + 50);
    });
    fc.assert(property);
  });
});

describe("readAhead", () => {
  const ranges = (count: number, bytes: number) => Array.from({ length: count }, (_, i) => ({ start: i * bytes, end: (i + 1) * bytes }));
  const reader = () => {
    const asked: number[] = [];
    const read = async ({ start }: { start: number }) => {
      asked.push(start);
      return Buffer.from(String(start));
    };
    return { asked, read };
  };

  it("gives the ranges in order and reads 16 of them ahead", async () => {
    const { asked, read } = reader();
    const next = readAhead(ranges(20, 10), read);
    assert.equal((await next()).toString(), "0");
    assert.equal(asked.length, 16);
    for (let i = 1; i < 20; i += 1) assert.equal((await next()).toString(), String(i * 10));
    await assert.rejects(next(), /no range left/);
  });

  it("reads about 16 MiB ahead", async () => {
    const { asked, read } = reader();
    await readAhead(ranges(20, 4 * MIB), read)();
    assert.equal(asked.length, 4);
  });

  it("throws a failure when its range is asked for, not before", async () => {
    const read = async ({ start }: { start: number }) => {
      if (start > 0) throw new Error("gone");
      return Buffer.alloc(1);
    };
    const next = readAhead(ranges(2, 1), read);
    await next();
    await new Promise(setImmediate);
    await assert.rejects(next(), /gone/);
  });
});

describe("readPieces", () => {
  const part = (name: string, body: Buffer, changes: Partial<Part> = {}): Part => ({
    ...{ uri: `s3://b/${name}`, bucket: "b", key: name, etag: '"e"', compressed: false },
    ...{ size: body.length, start: 0, rewritten: false, closed: true, body },
    ...changes,
  });
  const source = { read: async ({ body = Buffer.alloc(0) }: Part, start: number, end: number) => body.subarray(start, end) };
  const text = async (pieces: Parameters<typeof readPieces>[0], parts: Part[]) => {
    const chunks: Buffer[] = [];
    for await (const chunk of readPieces(pieces, parts, source, COLUMNS)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  it("joins text, ranges of more than one read and gzip of several members", async () => {
    const large = lines(9 * MIB, 1);
    const members = Buffer.concat([gzipSync("a,b,1,x\nc,"), gzipSync("d,2,y")]);
    const parts = [part("large", Buffer.from(large)), part("members.gz", members, { compressed: true, rewritten: true })];
    const pieces = [{ text: "head\n" }, { part: 0, start: 5, end: 9 * MIB }, { part: 1 }, { text: "tail\n" }];
    const expected = `head\n${large.slice(5, 9 * MIB)}a,b,1,x\nc,d,2,y\ntail\n`;
    assert.ok((await text(pieces, parts)) === expected);
  });

  it("passes a failure to read on as it is, and says which gzip is not whole", async () => {
    const compressed = { compressed: true, rewritten: true };
    const truncated = part("t.gz", gzipSync("a,b,1,x\n").subarray(0, 20), compressed);
    await assert.rejects(text([{ part: 0 }], [truncated]), { name: "CorruptPart", message: /^Part "s3:\/\/b\/t.gz" must be whole gzip/ });
    const failing = { read: () => Promise.reject(new Error("lost")) };
    const all = async () => {
      for await (const chunk of readPieces([{ part: 0 }], [truncated], failing, COLUMNS)) assert.fail(`${chunk.length}`);
    };
    await assert.rejects(all(), /^Error: lost$/);
  });
});
