import * as assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { inflate } from "../../../../functions/exportInteractions/unpacking/inflate";
import { makeRelease } from "../../../../functions/exportInteractions/unpacking/release";

const PART = {
  ...{ uri: "s3://b/p.gz", bucket: "b", key: "p.gz", etag: '"e"', compressed: true },
  ...{ size: 1, start: 0, rewritten: true, closed: true },
};

/** What comes of bytes that come in chunks of a size. */
async function inflated(stored: Buffer, size: number): Promise<Buffer> {
  const chunks = async function* () {
    for (let at = 0; at < stored.length; at += size) yield stored.subarray(at, at + size);
  };
  const out: Buffer[] = [];
  for await (const chunk of inflate(PART, chunks(), makeRelease())) out.push(Buffer.from(chunk));
  return Buffer.concat(out);
}

describe("inflate", () => {
  it("gives the bytes of one member or several, however they come", async () => {
    const members = fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(members, fc.integer({ min: 1, max: 5000 }), async (contents, size) => {
      const stored = Buffer.concat(contents.map((content) => gzipSync(content)));
      assert.deepEqual(await inflated(stored, size), Buffer.concat(contents));
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("gives more than fits into a few chunks, which are freed as they are used", async () => {
    const content = Buffer.from(Array.from({ length: 500_000 }, (_, i) => `user-${(i * 7919) % 99_991},item-${i}\n`).join(""));
    assert.ok(content.length > 8 * 1024 ** 2);
    const chunks: Buffer[] = [];
    const seen: Buffer[] = [];
    const stored = gzipSync(content);
    const whole = async function* () {
      yield stored;
    };
    for await (const chunk of inflate(PART, whole(), makeRelease())) {
      seen.push(Buffer.from(chunk));
      chunks.push(chunk);
    }
    assert.ok(Buffer.concat(seen).equals(content));
    assert.ok(chunks.filter(({ length }) => length === 0).length >= 8);
  });

  it("takes zeros behind the last member, and nothing behind them", async () => {
    const member = gzipSync(Buffer.alloc(3 * 1024 ** 2, "a,b,1,x\n"));
    const large = gzipSync(Buffer.from(Array.from({ length: 400_000 }, (_, i) => `u${(i * 7919) % 99_991},i${i}\n`).join("")));
    assert.ok(large.length > 1024 ** 2);
    for (const zeros of [1, 600, 3 * 1024 ** 2].map((bytes) => Buffer.alloc(bytes))) {
      for (const first of [member, large]) {
        for (const size of [700, 10 * 1024 ** 2]) {
          assert.ok((await inflated(Buffer.concat([first, zeros]), size)).equals(gunzipSync(first)));
          for (const more of [member, Buffer.from("junk")]) {
            await assert.rejects(inflated(Buffer.concat([first, zeros, more]), size), {
              name: "CorruptPart",
              message: /incorrect header check$/,
            });
          }
        }
      }
    }
  });

  it("says which part is not whole gzip", async () => {
    const stored = gzipSync(Buffer.alloc(100_000, "a,b,1,x\n"));
    for (const bytes of [
      stored.subarray(0, 50),
      stored.subarray(0, -4),
      Buffer.from("a,b,1,x\n"),
      Buffer.concat([stored, Buffer.from("tail")]),
    ]) {
      await assert.rejects(inflated(bytes, 64), {
        name: "CorruptPart",
        message: /^Part "s3:\/\/b\/p.gz" must be whole gzip, but it is not: /,
      });
    }
  });

  it("passes a failure to read on as it is", async () => {
    const failing = async function* () {
      yield gzipSync("a").subarray(0, 5);
      throw new Error("lost");
    };
    const all = async () => {
      for await (const chunk of inflate(PART, failing(), makeRelease())) assert.fail(`${chunk.length}`);
    };
    await assert.rejects(all(), /^Error: lost$/);
  });
});
