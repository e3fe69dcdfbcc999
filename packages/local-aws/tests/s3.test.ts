import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../testing/eventually";
import { BUCKET, openRequest, withS3, type TestS3 } from "./support/s3";

const md5 = (bytes: Buffer | string): string => `"${createHash("md5").update(bytes).digest("hex")}"`;
const SHA_OF_HELLO = createHash("sha256").update("hello").digest("hex");

describe("S3 objects", () => {
  let s3: TestS3;
  let folder: string;
  const key = (Key: string) => ({ Bucket: BUCKET, Key });
  const put = (name: string, Body: string | Buffer) => s3.s3.send(new PutObjectCommand({ ...key(name), Body }));
  const get = async (name: string): Promise<string> => {
    const { Body } = await s3.s3.send(new GetObjectCommand(key(name)));
    return (await Body?.transformToString()) ?? "";
  };
  before(async () => {
    s3 = await withS3();
    folder = await mkdtemp(join(tmpdir(), "local-aws-s3-"));
  });
  after(async () => {
    await s3.stop();
    await rm(folder, { recursive: true });
  });

  it("tells a bucket's region", async () => {
    assert.equal((await s3.s3.send(new GetBucketLocationCommand({ Bucket: BUCKET }))).LocationConstraint, "ap-southeast-1");
    await assert.rejects(s3.s3.send(new GetObjectCommand({ Bucket: "nowhere", Key: "a" })), { name: "NoSuchBucket" });
  });

  it("keeps a buffer with its headers and metadata", async () => {
    const Body = randomBytes(300_000);
    const sent = { ContentType: "text/csv", ContentEncoding: "gzip", CacheControl: "no-store", Metadata: { rows: "7", "run-id": "r 1" } };
    const { ETag, ChecksumCRC32 } = await s3.s3.send(new PutObjectCommand({ ...key("buffer"), Body, ...sent }));
    assert.equal(ETag, md5(Body));
    const object = await s3.s3.send(new GetObjectCommand({ ...key("buffer"), ChecksumMode: "ENABLED" }));
    assert.deepEqual(Buffer.from((await object.Body?.transformToByteArray()) ?? []), Body);
    const { ContentType, ContentEncoding, CacheControl, Metadata } = object;
    assert.deepEqual({ ContentType, ContentEncoding, CacheControl, Metadata }, sent);
    assert.equal(object.ChecksumCRC32, ChecksumCRC32);
    assert.equal(object.ChecksumType, "FULL_OBJECT");
    const head = await s3.s3.send(new HeadObjectCommand(key("buffer")));
    assert.deepEqual([head.ContentLength, head.ETag, head.ChecksumCRC32], [300_000, ETag, undefined]);
  });

  it("keeps a stream of known length", async () => {
    const bytes = randomBytes(3_000_000);
    const file = join(folder, "stream");
    await writeFile(file, bytes);
    const client = new S3Client({ ...s3.client, requestChecksumCalculation: "WHEN_REQUIRED" });
    const Body = createReadStream(file);
    const { ETag } = await client.send(new PutObjectCommand({ ...key("stream"), Body, ContentLength: bytes.length }));
    client.destroy();
    assert.equal(ETag, md5(bytes));
    assert.equal((await s3.s3.send(new HeadObjectCommand(key("stream")))).ContentLength, 3_000_000);
  });

  it("refuses a body that is not what its headers say and keeps the old object", async () => {
    await put("guarded", "old");
    const attempts: [string, Record<string, string>, string][] = [
      ["BadDigest", { "content-md5": createHash("md5").update("other").digest("base64") }, "hello"],
      ["InvalidDigest", { "content-md5": "xx" }, "hello"],
      ["BadDigest", { "x-amz-checksum-crc32": "AAAAAA==" }, "hello"],
      ["InvalidRequest", { "x-amz-checksum-crc32": "AAAA" }, "hello"],
      ["InvalidRequest", { "x-amz-sdk-checksum-algorithm": "CRC32" }, "hello"],
      ["XAmzContentSHA256Mismatch", { "x-amz-content-sha256": SHA_OF_HELLO }, "hellO"],
    ];
    for (const [code, headers, body] of attempts) {
      const { text } = await s3.raw("PUT", `/${BUCKET}/guarded`, headers, body);
      assert.match(text, new RegExp(`<Code>${code}</Code>`), JSON.stringify(headers));
    }
    assert.equal(await get("guarded"), "old");
    assert.equal((await s3.raw("PUT", `/${BUCKET}/guarded`, { "x-amz-checksum-crc32": "NhCmhg==" }, "hello")).status, 200);
    assert.equal(await get("guarded"), "hello");
  });

  it("leaves the old object when the client goes away in the middle", async () => {
    await put("cut", "old");
    const before = await s3.blobs();
    const request = openRequest(s3, "PUT", `/${BUCKET}/cut`, { "content-length": 10_000_000 });
    request.on("error", () => undefined);
    request.write(randomBytes(2_000_000));
    await eventually(async () => assert.equal((await s3.blobs()).length, before.length + 1));
    request.destroy();
    await eventually(async () => assert.deepEqual(await s3.blobs(), before));
    assert.equal(await get("cut"), "old");
  });

  it("answers ranges", async () => {
    await put("ten", "0123456789");
    const range = async (Range: string) => {
      const { Body, ContentRange, ContentLength } = await s3.s3.send(new GetObjectCommand({ ...key("ten"), Range }));
      return [await Body?.transformToString(), ContentRange, ContentLength];
    };
    assert.deepEqual(await range("bytes=2-4"), ["234", "bytes 2-4/10", 3]);
    assert.deepEqual(await range("bytes=7-"), ["789", "bytes 7-9/10", 3]);
    assert.deepEqual(await range("bytes=-4"), ["6789", "bytes 6-9/10", 4]);
    assert.deepEqual(await range("bytes=0-99"), ["0123456789", "bytes 0-9/10", 10]);
    await assert.rejects(range("bytes=10-"), { name: "InvalidRange" });
    const head = await s3.s3.send(new HeadObjectCommand({ ...key("ten"), Range: "bytes=1-1" }));
    assert.deepEqual([head.ContentLength, head.ContentRange, head.$metadata.httpStatusCode], [1, "bytes 1-1/10", 206]);
  });

  it("deletes one key or many, whatever characters they have", async () => {
    const keys = ["d/<&>\"' +%41é😀\r\n]]>", "d/&amp;", ...Array.from({ length: 998 }, (_, i) => `d/&&&&${i}`)];
    await Promise.all(keys.slice(0, 20).map((name) => put(name, "x")));
    const result = await s3.s3.send(
      new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: false } }),
    );
    assert.deepEqual([result.Deleted?.length, result.Errors], [1000, undefined]);
    assert.equal((await s3.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "d/" }))).KeyCount, 0);
    await s3.s3.send(new DeleteObjectCommand(key("never was")));
    await assert.rejects(s3.s3.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [] } })), { name: "MalformedXML" });
  });

  it("refuses what it would otherwise ignore", async () => {
    const refused = (more: object) => s3.s3.send(new PutObjectCommand({ ...key("no"), Body: "x", ...more }));
    await assert.rejects(refused({ Tagging: "a=b" }), { name: "NotImplemented", message: /x-amz-tagging/ });
    await assert.rejects(refused({ ACL: "public-read" }), { name: "NotImplemented", message: /x-amz-acl/ });
    await assert.rejects(refused({ StorageClass: "STANDARD" }), { name: "NotImplemented", message: /x-amz-storage-class/ });
    await assert.rejects(s3.s3.send(new CopyObjectCommand({ ...key("no"), CopySource: `${BUCKET}/a` })), {
      name: "NotImplemented",
      message: /x-amz-copy-source/,
    });
    for (const ChecksumAlgorithm of ["CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
      const named = new RegExp(`x-amz-checksum-${ChecksumAlgorithm.toLowerCase()}`);
      await assert.rejects(refused({ ChecksumAlgorithm }), { name: "NotImplemented", message: named });
    }
    const chunked = await s3.raw(
      "PUT",
      `/${BUCKET}/no`,
      { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
      "1\r\nx\r\n0\r\n",
    );
    assert.equal(chunked.status, 501);
    assert.match(chunked.text, /aws-chunked coding \(x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\)/);
    for (const [parameter, value] of [
      ["VersionId", "1"],
      ["PartNumber", 1],
      ["ResponseContentType", "text/csv"],
    ] as const) {
      await assert.rejects(s3.s3.send(new GetObjectCommand({ ...key("no"), [parameter]: value })), {
        name: "NotImplemented",
        message: /does not know the parameter (versionId|partNumber|response-content-type) of GET/,
      });
    }
    for (const command of [new ListBucketsCommand(), new HeadBucketCommand({ Bucket: BUCKET })]) {
      await assert.rejects(s3.s3.send(command as ListBucketsCommand), (error: { $metadata: { httpStatusCode: number } }) => {
        return error.$metadata.httpStatusCode === 501;
      });
    }
    const encryption = { ServerSideEncryption: "AES256" };
    await assert.rejects(refused(encryption), { name: "NotImplemented", message: /x-amz-server-side-encryption/ });
    await assert.rejects(refused({ Metadata: { a: "x".repeat(2048) } }), { name: "MetadataTooLarge" });
    await assert.rejects(s3.s3.send(new PutObjectCommand({ ...key("k".repeat(1025)), Body: "x" })), { name: "KeyTooLongError" });
    await assert.rejects(refused({ ExpectedBucketOwner: "999999999999" }), { name: "AccessDenied" });
    await assert.rejects(get("no"), { name: "NoSuchKey" });
  });
});
