import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type CompleteMultipartUploadCommandInput,
  type CreateMultipartUploadCommandInput,
} from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { eventually } from "../testing/eventually";
import { BUCKET, withS3, type TestS3 } from "./support/s3";

const MIB = 1024 ** 2;
const md5 = (bytes: Buffer): Buffer => createHash("md5").update(bytes).digest();
const multipartEtag = (parts: Buffer[]): string => `"${md5(Buffer.concat(parts.map(md5))).toString("hex")}-${parts.length}"`;

describe("S3 multipart uploads", () => {
  let s3: TestS3;
  const at = (Key: string) => ({ Bucket: BUCKET, Key });
  const create = async (Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> =>
    (await s3.s3.send(new CreateMultipartUploadCommand({ ...at(Key), ...more }))).UploadId ?? "";
  const part = async (Key: string, UploadId: string, PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
    const { ETag, ChecksumCRC32 } = await s3.s3.send(new UploadPartCommand({ ...at(Key), UploadId, PartNumber, Body }));
    return { PartNumber, ETag, ChecksumCRC32 };
  };
  const complete = (Key: string, UploadId: string, Parts: CompletedPart[], more: Partial<CompleteMultipartUploadCommandInput> = {}) =>
    s3.s3.send(new CompleteMultipartUploadCommand({ ...at(Key), UploadId, MultipartUpload: { Parts }, ...more }));
  const bytesOf = async (Key: string, more: object = {}): Promise<Buffer> => {
    const { Body } = await s3.s3.send(new GetObjectCommand({ ...at(Key), ...more }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  before(async () => void (s3 = await withS3()));
  after(() => s3.stop());

  const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB + 3), randomBytes(17)];

  it("joins parts, the last of any size, and serves them by range", async () => {
    const UploadId = await create("joined", { ContentType: "text/csv", Metadata: { run: "1" } });
    const parts = [];
    for (const [i, body] of bodies.entries()) parts.unshift(await part("joined", UploadId, 3 * i + 1, body));
    await part("joined", UploadId, 9, Buffer.from("left out"));
    const { ETag } = await complete("joined", UploadId, parts.reverse(), { MpuObjectSize: 10 * MIB + 20 });
    assert.equal(ETag, multipartEtag(bodies));
    assert.deepEqual(await bytesOf("joined"), Buffer.concat(bodies));
    const edge = 5 * MIB;
    assert.deepEqual(
      await bytesOf("joined", { Range: `bytes=${edge - 2}-${edge + 1}` }),
      Buffer.concat(bodies).subarray(edge - 2, edge + 2),
    );
    const head = await s3.s3.send(new HeadObjectCommand(at("joined")));
    assert.deepEqual([head.ContentLength, head.Metadata, head.ContentType], [10 * MIB + 20, { run: "1" }, "text/csv"]);
    await eventually(async () => assert.equal((await s3.blobs()).length, 3));
    await assert.rejects(complete("joined", UploadId, parts), { name: "NoSuchUpload" });
  });

  for (const type of ["COMPOSITE", "FULL_OBJECT"] as const) {
    it(`keeps a ${type} checksum`, async () => {
      const UploadId = await create(type, { ChecksumAlgorithm: "CRC32", ChecksumType: type });
      const parts = [await part(type, UploadId, 1, bodies[0]), await part(type, UploadId, 2, bodies[2])];
      const { ChecksumCRC32 } = await complete(type, UploadId, parts);
      const single = await s3.s3.send(new PutObjectCommand({ ...at("single"), Body: Buffer.concat([bodies[0], bodies[2]]) }));
      const composed = await s3.s3.send(
        new PutObjectCommand({ ...at("sums"), Body: Buffer.concat(parts.map((p) => Buffer.from(p.ChecksumCRC32 ?? "", "base64"))) }),
      );
      assert.equal(ChecksumCRC32, type === "FULL_OBJECT" ? single.ChecksumCRC32 : `${composed.ChecksumCRC32}-2`);
      const { Body, ChecksumType } = await s3.s3.send(new GetObjectCommand({ ...at(type), ChecksumMode: "ENABLED" }));
      assert.equal((await Body?.transformToByteArray())?.length, 5 * MIB + 17);
      assert.equal(ChecksumType, type);
    });
  }

  it("refuses checksums that do not fit the upload", async () => {
    for (const ChecksumAlgorithm of ["CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const) {
      const message = new RegExp(`x-amz-checksum-algorithm: ${ChecksumAlgorithm}, only CRC32`);
      await assert.rejects(create("sum", { ChecksumAlgorithm }), { name: "NotImplemented", message });
    }
    await assert.rejects(create("sum", { ChecksumType: "FULL_OBJECT" }), { name: "InvalidRequest" });
    const UploadId = await create("sum", { ChecksumAlgorithm: "CRC32" });
    const { ETag, ChecksumCRC32 } = await part("sum", UploadId, 1, Buffer.from("x"));
    await assert.rejects(complete("sum", UploadId, [{ PartNumber: 1, ETag }]), { message: /must include the checksum for each part/ });
    await assert.rejects(complete("sum", UploadId, [{ PartNumber: 1, ETag, ChecksumCRC32: "AAAAAA==" }]), { name: "InvalidPart" });
    const parts = [{ PartNumber: 1, ETag, ChecksumCRC32 }];
    await assert.rejects(complete("sum", UploadId, parts, { ChecksumCRC32: "AAAAAA==-1" }), { name: "BadDigest" });
    await assert.rejects(complete("sum", UploadId, parts, { ChecksumType: "FULL_OBJECT" }), { message: /created using the COMPOSITE/ });
    await complete("sum", UploadId, parts);
  });

  it("refuses parts that are missing, changed, out of order or too small, and keeps the upload", async () => {
    const UploadId = await create("strict");
    const [one, two] = [await part("strict", UploadId, 1, Buffer.from("small")), await part("strict", UploadId, 2, bodies[2])];
    await assert.rejects(complete("strict", UploadId, [one, two]), { name: "EntityTooSmall" });
    await assert.rejects(complete("strict", UploadId, [two, one]), { name: "InvalidPartOrder" });
    await assert.rejects(complete("strict", UploadId, [{ ...one, ETag: two.ETag }]), { name: "InvalidPart" });
    await assert.rejects(complete("strict", UploadId, [{ ...one, PartNumber: 3 }]), { name: "InvalidPart" });
    await assert.rejects(complete("strict", UploadId, []), { name: "MalformedXML" });
    await assert.rejects(complete("strict", UploadId, [one], { MpuObjectSize: 4 }), { name: "InvalidRequest" });
    await assert.rejects(complete("other", UploadId, [one]), { name: "NoSuchUpload" });
    await assert.rejects(part("strict", UploadId, 10_001, bodies[2]), { name: "InvalidArgument", message: /10000/ });
    await complete("strict", UploadId, [one]);
    assert.equal((await bytesOf("strict")).toString(), "small");
  });

  it("replaces on condition only", async () => {
    const { ETag } = await s3.s3.send(new PutObjectCommand({ ...at("target"), Body: "old" }));
    const UploadId = await create("target");
    const parts = [await part("target", UploadId, 1, bodies[2])];
    await assert.rejects(complete("target", UploadId, parts, { IfNoneMatch: "*" }), { name: "PreconditionFailed" });
    await assert.rejects(complete("target", UploadId, parts, { IfMatch: '"x"' }), { name: "PreconditionFailed" });
    assert.equal((await bytesOf("target")).toString(), "old");
    await complete("target", UploadId, parts, { IfMatch: ETag });
    assert.deepEqual(await bytesOf("target"), bodies[2]);
  });

  it("copies parts of objects, whole and by range, without their source afterwards", async () => {
    const source = randomBytes(12 * MIB);
    const { ETag: sourceEtag } = await s3.s3.send(new PutObjectCommand({ ...at("source"), Body: source }));
    await s3.s3.send(new PutObjectCommand({ ...at("little"), Body: "little" }));
    const UploadId = await create("copied", { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
    const copy = async (PartNumber: number, CopySource: string, more: object = {}): Promise<CompletedPart> => {
      const input = { ...at("copied"), UploadId, PartNumber, CopySource: `${BUCKET}/${CopySource}`, ...more };
      const { CopyPartResult } = await s3.s3.send(new UploadPartCopyCommand(input));
      return { PartNumber, ETag: CopyPartResult?.ETag };
    };
    const range = { CopySourceRange: `bytes=7-${6 * MIB}` };
    const parts = [await copy(1, "source", { CopySourceIfMatch: sourceEtag }), await copy(2, "source", range), await copy(3, "little")];
    assert.equal(parts[0].ETag, sourceEtag);
    await assert.rejects(copy(4, "source", { CopySourceIfMatch: '"other"' }), { name: "PreconditionFailed" });
    await assert.rejects(copy(4, "source", { CopySourceRange: `bytes=0-${12 * MIB}` }), { name: "InvalidArgument" });
    await assert.rejects(copy(4, "little", { CopySourceRange: "bytes=0-1" }), { name: "InvalidRequest" });
    await assert.rejects(copy(4, "absent"), { name: "NoSuchKey" });
    await s3.s3.send(new PutObjectCommand({ ...at("source"), Body: "replaced" }));
    const { ETag, ChecksumCRC32 } = await complete("copied", UploadId, parts);
    const pieces = [source, source.subarray(7, 6 * MIB + 1), Buffer.from("little")];
    assert.equal(ETag, multipartEtag(pieces));
    const whole = Buffer.concat(pieces);
    assert.deepEqual(await bytesOf("copied"), whole);
    assert.equal(ChecksumCRC32, (await s3.s3.send(new PutObjectCommand({ ...at("whole"), Body: whole }))).ChecksumCRC32);
  });

  it("lists uploads in order of their keys, and aborts", async () => {
    const others = await s3.blobs();
    const ids = [];
    for (const name of ["up/b", "up/a"]) ids.push(await create(name));
    for (const n of [3, 1, 2]) await part("up/a", ids[1], n, Buffer.from(`part ${n}`));
    await part("up/a", ids[1], 2, Buffer.from("again"));
    const uploads = async () => (await s3.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? [];
    assert.deepEqual(
      (await uploads()).filter(({ Key = "" }) => Key.startsWith("up/")).map(({ Key, UploadId }) => [Key, UploadId]),
      [
        ["up/a", ids[1]],
        ["up/b", ids[0]],
      ],
    );
    await s3.s3.send(new AbortMultipartUploadCommand({ ...at("up/a"), UploadId: ids[1] }));
    await eventually(async () =>
      assert.deepEqual(
        (await s3.blobs()).filter((blob) => !others.includes(blob)),
        [],
      ),
    );
    assert.ok(!(await uploads()).some(({ Key }) => Key === "up/a"));
    await assert.rejects(part("up/a", ids[1], 1, Buffer.from("late")), { name: "NoSuchUpload" });
    await assert.rejects(s3.s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: "up/" })), {
      name: "NotImplemented",
      message: /parameter prefix of GET/,
    });
    await assert.rejects(s3.s3.send(new ListPartsCommand({ ...at("up/b"), UploadId: ids[0] })), {
      name: "NotImplemented",
      message: /parameter uploadId of GET/,
    });
  });
});
