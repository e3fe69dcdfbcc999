import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { Blobs, slice } from "../src/s3/blobs";
import { planBody } from "../src/s3/body";
import { combineCrc, Crc32 } from "../src/s3/checksums";
import { parseCopyRange } from "../src/s3/multipart";
import { parseRange } from "../src/s3/objects";

const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array));

describe("S3 ranges", () => {
  it("are RFC 9110's, one at a time", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(25), fc.nat(25), (size, a, b) => {
        const content = Array.from({ length: size }, (_, i) => i);
        const expectSlice = (header: string, wanted: number[] | undefined): void => {
          if (wanted?.length === 0) return assert.throws(() => parseRange(header, size), { code: "InvalidRange", status: 416 });
          const range = parseRange(header, size);
          assert.deepEqual(range && content.slice(range.start, range.end), wanted);
        };
        expectSlice(`bytes=${a}-${b}`, b < a ? undefined : content.slice(a, b + 1));
        expectSlice(`bytes=${a}-`, content.slice(a));
        expectSlice(`bytes=-${a}`, a === 0 ? [] : content.slice(-a));
      }),
    );
    for (const ignored of [undefined, "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "lines=1-2"])
      assert.equal(parseRange(ignored, 5), undefined);
  });

  it("of copies have both ends, within the source", () => {
    const size = 6 * 1024 ** 2;
    assert.deepEqual(parseCopyRange(undefined, 3), { start: 0, end: 3 });
    assert.deepEqual(parseCopyRange(`bytes=1-${size - 1}`, size), { start: 1, end: size });
    for (const wrong of ["bytes=1-", "bytes=-1", "bytes=2-1", `bytes=0-${size}`]) {
      assert.throws(() => parseCopyRange(wrong, size), { code: "InvalidArgument" });
    }
    assert.throws(() => parseCopyRange("bytes=0-1", 5 * 1024 ** 2), { code: "InvalidRequest" });
  });

  it("of segments cover just their bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(5), fc.nat(5))), fc.nat(30), fc.nat(30), (given, a, b) => {
        const segments = given.map(([blob, start, length]) => ({ blob: `${blob}`, start, length }));
        const spread = (list: typeof segments): string[] =>
          list.flatMap(({ blob, start, length }) => Array.from({ length }, (_, i) => `${blob}:${start + i}`));
        assert.deepEqual(spread(slice(segments, a, b)), spread(segments).slice(a, Math.max(a, b)));
      }),
    );
  });
});

describe("S3 blobs", () => {
  it("can be the first ones together: each waits for the folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "local-aws-blobs-"));
    try {
      const blobs = new Blobs(() => join(folder, ...Array<string>(50).fill("deep")));
      const created = Array.from({ length: 8 }, async () => {
        const { stream } = await blobs.create();
        await once(stream.end(), "close");
      });
      await Promise.all(created);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("S3 bodies", () => {
  it("are refused by their headers", () => {
    assert.equal(planBody({ "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "content-length": "3" }, 3).length, 3);
    assert.throws(() => planBody({ "content-length": "4" }, 3), { code: "EntityTooLarge" });
    assert.throws(() => planBody({ "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }, 3), { code: "NotImplemented" });
    assert.throws(() => planBody({ "x-amz-sdk-checksum-algorithm": "XXHASH64" }, 3), { code: "NotImplemented", message: /XXHASH64/ });
    assert.throws(() => planBody({ "content-length": "x" }, 3), { code: "InvalidArgument" });
    assert.throws(() => planBody({ "transfer-encoding": "chunked" }, 3), { code: "MissingContentLength" });
  });
});

describe("CRC32", () => {
  const crcOf = (...pieces: Buffer[]): number => {
    const crc = new Crc32();
    for (const piece of pieces) crc.update(piece);
    return Buffer.from(crc.digest(), "base64").readUInt32BE();
  };

  it("does not depend on how bytes arrive, and combines", () => {
    assert.equal(crcOf(Buffer.from("123456789")).toString(16), "cbf43926");
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const whole = crcOf(Buffer.concat([a, b]));
        assert.equal(crcOf(a, b), whole);
        assert.equal(combineCrc(crcOf(a), crcOf(b), b.length), whole);
      }),
    );
  });

  it("agrees with gzip's", () => {
    fc.assert(
      fc.property(bytes, (given) => assert.equal(crcOf(given), zlib.gzipSync(given).readUInt32LE(zlib.gzipSync(given).length - 8))),
    );
  });
});
