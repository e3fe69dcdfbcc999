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
import { Readable } from "node:stream";
import { join } from "node:path";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { eventually } from "../testing/eventually";
import { BUCKET, withS3, type TestS3 } from "./support/s3";

const MIB = 1024 ** 2;
const md5 = (bytes: Buffer): Buffer => createHash("md5").update(bytes).digest();
const multipartEtag = (parts: Buffer[]): string => `"${md5(Buffer.concat(parts.map(md5))).toString("hex")}-${parts.length}"`;

describe("S3 multipart uploads", () => {
  let s3: TestS3;
  let stateDir: string;
  const clouds: TestS3[] = [];
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
  before(async () => {
    clouds.push((s3 = await withS3()));
    stateDir = await mkdtemp(join(tmpdir(), "c360-s3-"));
  });
  after(async () => {
    for (const cloud of clouds) await cloud.stop();
    await rm(stateDir, { recursive: true });
  });

  const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB + 3), randomBytes(17)];

  it("joins parts, the last of any size, and serves them by range and by number", async () => {
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
    assert.deepEqual(await bytesOf("joined", { PartNumber: 3 }), bodies[2]);
    const head = await s3.s3.send(new HeadObjectCommand({ ...at("joined"), PartNumber: 2 }));
    assert.deepEqual([head.PartsCount, head.ContentLength, head.Metadata, head.ContentType], [3, 5 * MIB + 3, { run: "1" }, "text/csv"]);
    await assert.rejects(bytesOf("joined", { PartNumber: 4 }), { name: "InvalidPartNumber" });
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
    await assert.rejects(create("sum", { ChecksumAlgorithm: "SHA256", ChecksumType: "FULL_OBJECT" }), { name: "InvalidRequest" });
    await assert.rejects(create("sum", { ChecksumAlgorithm: "CRC64NVME", ChecksumType: "COMPOSITE" }), { name: "InvalidRequest" });
    const UploadId = await create("sum", { ChecksumAlgorithm: "SHA256" });
    await assert.rejects(part("sum", UploadId, 1, bodies[2]), { name: "InvalidRequest", message: /expected checksum Type: SHA256/ });
    const Body = "x";
    const { ETag } = await s3.s3.send(new UploadPartCommand({ ...at("sum"), UploadId, PartNumber: 1, Body, ChecksumAlgorithm: "SHA256" }));
    await assert.rejects(complete("sum", UploadId, [{ PartNumber: 1, ETag }]), { message: /must include the checksum for each part/ });
    const wrong = createHash("sha256").update("y").digest("base64");
    await assert.rejects(complete("sum", UploadId, [{ PartNumber: 1, ETag, ChecksumSHA256: wrong }]), { name: "InvalidPart" });
    const right = createHash("sha256").update("x").digest("base64");
    await complete("sum", UploadId, [{ PartNumber: 1, ETag, ChecksumSHA256: right }]);
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
    assert.equal(
      ChecksumCRC32,
      (await s3.s3.send(new PutObjectCommand({ ...at("whole"), Body: Readable.from([whole]), ContentLength: whole.length }))).ChecksumCRC32,
    );
  });

  it("lists parts and uploads by page, and aborts", async () => {
    const ids = [];
    for (const name of ["up/a", "up/b", "up/b"]) ids.push(await create(name));
    for (const n of [3, 1, 2]) await part("up/a", ids[0], n, Buffer.from(`part ${n}`));
    await part("up/a", ids[0], 2, Buffer.from("again"));
    const first = await s3.s3.send(new ListPartsCommand({ ...at("up/a"), UploadId: ids[0], MaxParts: 2 }));
    assert.deepEqual(
      [first.Parts?.map((p) => [p.PartNumber, p.Size]), first.IsTruncated],
      [
        [
          [1, 6],
          [2, 5],
        ],
        true,
      ],
    );
    const rest = await s3.s3.send(new ListPartsCommand({ ...at("up/a"), UploadId: ids[0], PartNumberMarker: first.NextPartNumberMarker }));
    assert.deepEqual([rest.Parts?.map((p) => p.PartNumber), rest.IsTruncated], [[3], false]);
    const seen: (string | undefined)[] = [];
    for (let KeyMarker: string | undefined, UploadIdMarker: string | undefined, more = true; more;) {
      const page = await s3.s3.send(
        new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: "up/", MaxUploads: 1, KeyMarker, UploadIdMarker }),
      );
      seen.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId));
      [KeyMarker, UploadIdMarker, more] = [page.NextKeyMarker, page.NextUploadIdMarker, page.IsTruncated ?? false];
    }
    assert.deepEqual([seen[0], new Set(seen)], [ids[0], new Set(ids)]);
    const blobs = (await s3.blobs()).length;
    await s3.s3.send(new AbortMultipartUploadCommand({ ...at("up/a"), UploadId: ids[0] }));
    await eventually(async () => assert.equal((await s3.blobs()).length, blobs - 3));
    await assert.rejects(s3.s3.send(new ListPartsCommand({ ...at("up/a"), UploadId: ids[0] })), { name: "NoSuchUpload" });
  });

  it("goes on with an upload after a restart, whose blobs are shared", async () => {
    clouds.push((s3 = await withS3({ stateDir })));
    await s3.s3.send(new PutObjectCommand({ ...at("source"), Body: bodies[0] }));
    const UploadId = await create("later");
    const CopySource = `${BUCKET}/source`;
    const { CopyPartResult } = await s3.s3.send(new UploadPartCopyCommand({ ...at("later"), UploadId, PartNumber: 1, CopySource }));
    await s3.s3.send(new PutObjectCommand({ ...at("source"), Body: "other" }));
    await s3.stop();
    clouds.push((s3 = await withS3({ stateDir }, false)));
    const last = await part("later", UploadId, 2, bodies[2]);
    await complete("later", UploadId, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }, last]);
    assert.deepEqual(await bytesOf("later"), Buffer.concat([bodies[0], bodies[2]]));
  });
});
