import { CopyObjectCommand, DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
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

  it("copies without conditions, on condition and with new metadata", async () => {
    await s3.s3.send(new PutObjectCommand({ ...key("dir/ä +.txt"), Body: "copied", ContentType: "text/plain", Metadata: { a: "1" } }));
    const CopySource = `${BUCKET}/${encodeURIComponent("dir/ä +.txt")}`;
    const copy = (name: string, more: object = {}) => s3.s3.send(new CopyObjectCommand({ ...key(name), CopySource, ...more }));
    assert.equal((await copy("copy1", { CopySourceIfMatch: md5("copied") })).CopyObjectResult?.ETag, md5("copied"));
    await copy("copy2", { MetadataDirective: "REPLACE", Metadata: { b: "2" } });
    await assert.rejects(copy("copy3", { CopySourceIfMatch: md5("other") }), { name: "PreconditionFailed" });
    await assert.rejects(copy("copy3", { CopySourceIfNoneMatch: md5("copied") }), { name: "PreconditionFailed" });
    await assert.rejects(copy("dir/ä +.txt"), { name: "InvalidRequest" });
    await s3.s3.send(new DeleteObjectCommand(key("dir/ä +.txt")));
    await assert.rejects(copy("copy3"), { name: "NoSuchKey" });
    const heads = await Promise.all(["copy1", "copy2"].map((name) => s3.s3.send(new HeadObjectCommand(key(name)))));
    assert.deepEqual(
      heads.map(({ Metadata, ContentType }) => [Metadata, ContentType]),
      [
        [{ a: "1" }, "text/plain"],
        [{ b: "2" }, "binary/octet-stream"],
      ],
    );
    assert.equal(await get("copy2"), "copied");
  });
});
