import * as assert from "node:assert/strict";
import type { Part } from "../../../../functions/exportInteractions/part";
import { readPieces } from "../../../../functions/exportInteractions/joining/pieces";
import { readAhead } from "../../../../functions/exportInteractions/joining/readAhead";
import { lines } from "../../../support/exportParts";

const MIB = 1024 ** 2;

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
  it("joins text, small parts and ranges of more than one read", async () => {
    const large = Buffer.from(lines(9 * MIB, 1));
    const part = (name: string, body: Buffer): Part => ({
      ...{ uri: `s3://b/${name}`, bucket: "b", key: name, etag: '"e"', compressed: false },
      ...{ size: body.length, start: 0, rewritten: false, closed: true, body },
    });
    const parts = [part("large", large), part("small", Buffer.from("a,b,1,x\n"))];
    const read = async ({ body = Buffer.alloc(0) }: Part, start: number, end: number) => body.subarray(start, end);
    const pieces = [{ text: "head\n" }, { part: 0, start: 5, end: 9 * MIB }, { part: 1, start: 2, end: 8 }, { text: "tail\n" }];
    const joined = await readPieces(pieces, parts, { read });
    assert.ok(joined.equals(Buffer.concat([Buffer.from("head\n"), large.subarray(5, 9 * MIB), Buffer.from("b,1,x\ntail\n")])));
  });
});
