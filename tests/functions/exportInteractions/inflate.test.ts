import * as assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { inflate } from "../../../functions/exportInteractions/inflate";

const URI = "s3://b/p.gz";
const MIB = 1024 ** 2;

async function* cut(stored: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < stored.length; at += size) yield stored.subarray(at, at + size);
}

/** What bytes inflate to that come in chunks of a size. */
async function inflated(stored: Buffer, size: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of inflate(URI, cut(stored, size))) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function checkCorrupt(stored: Buffer, size: number, reason: RegExp): Promise<void> {
  const message = new RegExp(`^Part "${URI}" must be whole gzip, but it is not: ${reason.source}$`);
  return assert.rejects(inflated(stored, size), { name: "CorruptPart", message });
}

describe("inflate", () => {
  const member = gzipSync(Buffer.alloc(3 * MIB, "a,b,1,x\n"));
  const large = gzipSync(Buffer.from(Array.from({ length: 400_000 }, (_, i) => `u${(i * 7919) % 99_991},i${i}\n`).join("")));
  const sizes = [1, 700, 10 * MIB];

  it("returns the bytes of one or more members, however they are cut", async () => {
    const members = fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(members, fc.integer({ min: 1, max: 5000 }), async (contents, size) => {
      const stored = Buffer.concat(contents.map((content) => gzipSync(content)));
      assert.deepEqual(await inflated(stored, size), Buffer.concat(contents));
    });
    await fc.assert(property, { numRuns: 50 });
  });

  it("frees chunks as soon as they are used", async () => {
    const content = gunzipSync(large);
    const [copies, chunks]: Buffer[][] = [[], []];
    for await (const chunk of inflate(URI, cut(large, large.length))) {
      copies.push(Buffer.from(chunk));
      chunks.push(chunk);
    }
    assert.ok(Buffer.concat(copies).equals(content));
    assert.ok(chunks.filter(({ length }) => length === 0).length >= Math.floor(content.length / MIB));
  });

  it("ignores zeros after the last member", async () => {
    for (const zeros of [1, 600, 3 * MIB]) {
      for (const first of [member, large]) {
        const stored = Buffer.concat([first, Buffer.alloc(zeros)]);
        for (const size of [700, 10 * MIB]) assert.ok((await inflated(stored, size)).equals(gunzipSync(first)));
      }
    }
  });

  it("refuses anything after zeros, without an error event that nothing handles", async () => {
    const small = gzipSync("a,b,1,x\n");
    for (const zeros of [1, 600, 3 * MIB].map((bytes) => Buffer.alloc(bytes))) {
      for (const more of [small, Buffer.from("garbage"), small.subarray(0, 5)]) {
        await checkCorrupt(Buffer.concat([small, small, zeros, more]), 10 * MIB, /incorrect header check/);
        await checkCorrupt(Buffer.concat([large, zeros, more]), 70_000, /incorrect header check/);
      }
    }
    for (const size of sizes) {
      await checkCorrupt(Buffer.concat([small, Buffer.alloc(20), Buffer.from("garbage")]), size, /incorrect header check/);
    }
  });

  it("refuses a part that is truncated or damaged, or is not gzip", async () => {
    const stored = gzipSync(Buffer.alloc(100_000, "a,b,1,x\n"));
    const damaged = Buffer.from(stored);
    damaged[stored.length - 6] ^= 1;
    for (const size of sizes) {
      await checkCorrupt(stored.subarray(0, 50), size, /unexpected end of file/);
      await checkCorrupt(stored.subarray(0, -4), size, /unexpected end of file/);
      await checkCorrupt(Buffer.concat([stored, stored.subarray(0, 60)]), size, /unexpected end of file/);
      await checkCorrupt(Buffer.concat([stored, Buffer.from("tail")]), size, /incorrect header check/);
      await checkCorrupt(Buffer.from("a,b,1,x\n"), size, /incorrect header check/);
      await checkCorrupt(damaged, size, /incorrect data check/);
    }
  });

  it("throws what reading the part threw", async () => {
    const failing = async function* () {
      yield gzipSync("a").subarray(0, 5);
      throw new Error("lost");
    };
    await assert.rejects(inflate(URI, failing()).next(), /^Error: lost$/);
  });

  it("stops reading when its consumer stops", async () => {
    let read = 0;
    const stored = async function* () {
      for await (const chunk of cut(large, 100_000)) {
        read += 1;
        yield chunk;
      }
    };
    for await (const chunk of inflate(URI, stored())) if (chunk.length > 0) break;
    await new Promise(setImmediate);
    assert.ok(read < Math.floor(large.length / 100_000), `${read}`);
  });
});
