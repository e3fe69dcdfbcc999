import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { BUCKET, withS3, type TestS3 } from "./support/s3";

const md5 = (bytes: Buffer | string): string => `"${createHash("md5").update(bytes).digest("hex")}"`;

describe("S3 conditions and copies", () => {
  let s3: TestS3;
  const key = (Key: string) => ({ Bucket: BUCKET, Key });
  const put = (name: string, Body: string | Buffer) => s3.s3.send(new PutObjectCommand({ ...key(name), Body }));
  const get = async (name: string): Promise<string> => {
    const { Body } = await s3.s3.send(new GetObjectCommand(key(name)));
    return (await Body?.transformToString()) ?? "";
  };
  before(async () => void (s3 = await withS3()));
  after(() => s3.stop());

  it("honours conditions on reads", async () => {
    const { ETag } = await put("seen", "x");
    const read = async (conditions: object) => {
      const { $metadata, Body } = await s3.s3.send(new GetObjectCommand({ ...key("seen"), ...conditions }));
      return [$metadata.httpStatusCode, await Body?.transformToString()];
    };
    const [past, future] = [new Date(0), new Date("2100-01-01")];
    assert.deepEqual(await read({ IfMatch: ETag, IfUnmodifiedSince: past }), [200, "x"]);
    assert.deepEqual(await read({ IfNoneMatch: '"other"', IfModifiedSince: future }), [200, "x"]);
    await assert.rejects(read({ IfMatch: '"other"' }), { name: "PreconditionFailed" });
    await assert.rejects(read({ IfUnmodifiedSince: past }), { name: "PreconditionFailed" });
    for (const unchanged of [{ IfNoneMatch: ETag }, { IfModifiedSince: future }]) {
      await assert.rejects(read(unchanged), (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode === 304);
    }
  });

  it("writes on condition", async () => {
    const write = (Body: string, conditions: object) => s3.s3.send(new PutObjectCommand({ ...key("once"), Body, ...conditions }));
    await assert.rejects(write("a", { IfMatch: '"any"' }), { name: "NoSuchKey" });
    const { ETag } = await write("a", { IfNoneMatch: "*" });
    await assert.rejects(write("b", { IfNoneMatch: "*" }), { name: "PreconditionFailed" });
    await assert.rejects(write("b", { IfMatch: md5("z") }), { name: "PreconditionFailed" });
    await write("c", { IfMatch: ETag });
    assert.equal(await get("once"), "c");
    const outcomes = await Promise.allSettled(["d", "e", "f"].map((body) => write(body, { IfMatch: md5("c") })));
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected", "rejected"]);
  });

  it("deletes and copies on condition", async () => {
    const name = "dir/ä +.txt";
    await put(name, "copied");
    const { UploadId } = await s3.s3.send(new CreateMultipartUploadCommand(key("copy")));
    const CopySource = `${BUCKET}/${encodeURIComponent(name)}`;
    const copy = (more: object) => s3.s3.send(new UploadPartCopyCommand({ ...key("copy"), UploadId, PartNumber: 1, CopySource, ...more }));
    assert.equal((await copy({ CopySourceIfMatch: md5("copied") })).CopyPartResult?.ETag, md5("copied"));
    await assert.rejects(copy({ CopySourceIfMatch: md5("other") }), { name: "PreconditionFailed" });
    await assert.rejects(copy({ CopySourceIfNoneMatch: md5("copied") }), { name: "PreconditionFailed" });
    await assert.rejects(copy({ CopySource: `${CopySource}?versionId=1` }), { name: "NotImplemented", message: /versionId/ });
    await assert.rejects(s3.s3.send(new DeleteObjectCommand({ ...key(name), IfMatch: md5("other") })), { name: "PreconditionFailed" });
    await s3.s3.send(new DeleteObjectCommand({ ...key(name), IfMatch: md5("copied") }));
    await assert.rejects(copy({}), { name: "NoSuchKey" });
  });
});
