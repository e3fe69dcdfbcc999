import * as assert from "node:assert/strict";
import { join } from "../../../functions/exportInteractions/join";
import { type Part, rangesOf, readRanges } from "../../../functions/exportInteractions/parts";
import type { S3 } from "../../../functions/exportInteractions/s3";
import { lines } from "../../support/exportParts";

const MIB = 1024 ** 2;

function part(name: string, size: number): Part {
  return {
    ...{ uri: `s3://b/${name}`, bucket: "b", key: name, etag: '"e"', compressed: false },
    ...{ size, start: 0, rewritten: false, closed: true },
  };
}

/** Reads from memory, and records the ranges in the order of the requests. */
function reader(contents: Record<string, Buffer>) {
  const requested: string[] = [];
  const read: S3["read"] = async (uri, range = "", etag = "") => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    requested.push(`${uri} ${start}`);
    const bytes = Buffer.from(contents[uri].subarray(Number(start), Number(end) + 1));
    return { bytes, etag, size: contents[uri].length };
  };
  return { requested, read, stop: (error: unknown) => assert.fail(String(error)) };
}

describe("readRanges", () => {
  it("returns the ranges in their order, and requests 16 of them ahead", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `p${i}`);
    const s3 = reader(Object.fromEntries(names.map((name) => [`s3://b/${name}`, Buffer.from(name)])));
    const chunks = readRanges(
      s3,
      names.flatMap((name) => rangesOf(part(name, name.length))),
    );
    assert.equal(String((await chunks.next()).value), "p0");
    assert.equal(s3.requested.length, 17);
    for (const name of names.slice(1)) assert.equal(String((await chunks.next()).value), name);
    assert.equal((await chunks.next()).done, true);
  });

  it("reads a large part by 8 MiB, one range ahead", async () => {
    const content = Buffer.alloc(20 * MIB, "x");
    const s3 = reader({ "s3://b/p": content });
    const chunks = readRanges(s3, rangesOf(part("p", content.length)));
    const sizes: number[] = [];
    for await (const chunk of chunks) {
      sizes.push(chunk.length / MIB);
      assert.equal(s3.requested.length, Math.min(sizes.length + 1, 3));
    }
    assert.deepEqual(sizes, [8, 8, 4]);
    assert.deepEqual(
      s3.requested,
      [0, 8, 16].map((start) => `s3://b/p ${start * MIB}`),
    );
  });

  it("throws a failure when its range is due, not before", async () => {
    const read: S3["read"] = async (uri) => {
      if (uri.endsWith("1")) throw new Error("gone");
      return { bytes: Buffer.alloc(1), etag: "", size: 1 };
    };
    const chunks = readRanges(
      { read },
      [part("p0", 1), part("p1", 1)].flatMap((one) => rangesOf(one)),
    );
    await chunks.next();
    await new Promise(setImmediate);
    await assert.rejects(chunks.next(), /gone/);
  });
});

describe("join", () => {
  it("copies and uploads the steps of a plan, the pieces of an upload joined", async () => {
    const large = Buffer.from(lines(9 * MIB, 1));
    const small = { ...part("small", 8), body: Buffer.from("a,b,1,x\n") };
    const s3 = reader({ "s3://b/large": large });
    const pieces = [{ text: "head\n" }, { part: 0, start: 5, end: 9 * MIB }, { part: 1, start: 2, end: 8 }, { text: "tail\n" }];
    const bytes = 9 * MIB + 11;
    const [copied, uploaded]: [unknown[], Buffer[]] = [[], []];
    const upload = {
      copy: async (number: number, { key }: Part, start: number, end: number) => void copied.push([number, key, start, end]),
      upload: async (number: number, body: Buffer) => void (uploaded[number] = body),
    };
    const steps = [
      { kind: "upload" as const, pieces, bytes },
      { kind: "copy" as const, part: 0, start: 7, end: 9 },
    ];
    assert.deepEqual(await join(s3, { steps, bytes: bytes + 2 }, [part("large", large.length), small], upload), {
      copied: 2,
      uploaded: bytes,
    });
    assert.deepEqual(copied, [[2, "large", 7, 9]]);
    assert.ok(uploaded[1].equals(Buffer.concat([Buffer.from("head\n"), large.subarray(5, 9 * MIB), Buffer.from("b,1,x\ntail\n")])));
  });
});
