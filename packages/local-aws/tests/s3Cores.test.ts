import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import * as zlib from "node:zlib";
import { AwsChunkedDecoder } from "../src/s3/awsChunked";
import { slice } from "../src/s3/blobs";
import { planBody } from "../src/s3/bodyPlan";
import { combineCrc, Crc, type CrcAlgorithm } from "../src/s3/crc";
import { parseCopyRange, parseRange, partRange } from "../src/s3/range";

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

  it("of parts lie end to end", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1 }), (sizes) => {
        const size = sizes.reduce((sum, part) => sum + part, 0);
        const ranges = sizes.map((_, i) => partRange(i + 1, size, sizes));
        assert.deepEqual(
          ranges.map(({ start, end }) => end - start),
          sizes,
        );
        ranges.forEach(({ start }, i) => assert.equal(start, i === 0 ? 0 : ranges[i - 1].end));
        assert.throws(() => partRange(sizes.length + 1, size, sizes), { code: "InvalidPartNumber" });
      }),
    );
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

describe("The aws-chunked coding", () => {
  const encode = (chunks: Buffer[], signed: boolean, trailers: [string, string][]): Buffer => {
    const extension = signed ? `;chunk-signature=${"a".repeat(64)}` : "";
    const parts = chunks.flatMap((chunk) => [`${chunk.length.toString(16)}${extension}\r\n`, chunk, "\r\n"]);
    const end = [`0${extension}\r\n`, ...trailers.map(([name, value]) => `${name}:${value}\r\n`), "\r\n"];
    return Buffer.concat([...parts, ...end].map((part) => Buffer.from(part)));
  };
  const decode = (coded: Buffer, cuts: number[]): { payload: Buffer; decoder: AwsChunkedDecoder } => {
    const decoder = new AwsChunkedDecoder();
    const edges = [0, ...cuts.map((cut) => cut % (coded.length + 1)).sort((x, y) => x - y), coded.length];
    const payload = edges.slice(1).flatMap((edge, i) => decoder.push(coded.subarray(edges[i], edge)));
    return { payload: Buffer.concat(payload), decoder };
  };
  const chunks = fc.array(bytes.filter(({ length }) => length > 0));
  const trailers = fc.constantFrom<[string, string][]>([], [["x-amz-checksum-crc32", "AAAAAA=="]], [["X-Amz-Trailer-Signature", "ab"]]);

  it("is decoded whole however it is cut", () => {
    fc.assert(
      fc.property(chunks, fc.boolean(), trailers, fc.array(fc.nat()), (given, signed, last, cuts) => {
        const { payload, decoder } = decode(encode(given, signed, last), cuts);
        decoder.end();
        assert.deepEqual(payload, Buffer.concat(given));
        assert.deepEqual(decoder.trailers, Object.fromEntries(last.map(([name, value]) => [name.toLowerCase(), value])));
      }),
    );
  });

  it("never passes for whole when its end is missing", () => {
    fc.assert(
      fc.property(chunks, trailers, fc.nat(), (given, last, cut) => {
        const coded = encode(given, false, last);
        const { decoder } = decode(coded.subarray(0, cut % coded.length), []);
        assert.throws(() => decoder.end(), { code: "IncompleteBody" });
      }),
    );
  });

  it("is refused when it is broken", () => {
    for (const broken of ["x\r\n", "5\n", "2\r\nabc\r\n", "-1\r\n", "0\r\nno colon\r\n", "0\r\n\r\nmore", "1".repeat(20_000)]) {
      assert.throws(() => new AwsChunkedDecoder().push(Buffer.from(broken)), { code: "InvalidRequest" }, broken.slice(0, 20));
    }
  });

  it("is known by its header alone", () => {
    assert.equal(planBody({ "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "content-length": "3" }, 3).chunked, false);
    assert.throws(() => planBody({ "content-length": "4" }, 3), { code: "EntityTooLarge" });
    assert.throws(() => planBody({ "x-amz-content-sha256": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" }, 3), { code: "NotImplemented" });
    assert.throws(() => planBody({ "x-amz-trailer": "x-amz-checksum-xxhash64" }, 3), { code: "NotImplemented" });
    assert.throws(() => planBody({ "content-length": "x" }, 3), { code: "InvalidArgument" });
  });
});

describe("CRCs", () => {
  const crcOf = (algorithm: CrcAlgorithm, ...pieces: Buffer[]): Buffer => {
    const crc = new Crc(algorithm);
    for (const piece of pieces) crc.update(piece);
    return crc.digest();
  };
  const algorithms: CrcAlgorithm[] = ["CRC32", "CRC32C", "CRC64NVME"];

  it("have the published check values", () => {
    const values = algorithms.map((algorithm) => crcOf(algorithm, Buffer.from("123456789")).toString("hex"));
    assert.deepEqual(values, ["cbf43926", "e3069283", "ae8b14860a799888"]);
  });

  it("do not depend on how bytes arrive, and combine", () => {
    fc.assert(
      fc.property(fc.constantFrom(...algorithms), bytes, bytes, (algorithm, a, b) => {
        const whole = crcOf(algorithm, Buffer.concat([a, b]));
        assert.deepEqual(crcOf(algorithm, a, b), whole);
        assert.deepEqual(combineCrc(algorithm, crcOf(algorithm, a), crcOf(algorithm, b), b.length), whole);
      }),
    );
  });

  it("agree with gzip's", () => {
    fc.assert(
      fc.property(bytes, (given) => {
        assert.equal(crcOf("CRC32", given).readUInt32BE(), zlib.gzipSync(given).readUInt32LE(zlib.gzipSync(given).length - 8));
      }),
    );
  });
});
