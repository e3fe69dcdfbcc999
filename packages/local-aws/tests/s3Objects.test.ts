import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY } from "../src/lambda/sandbox";
import { s3 } from "../src/s3";
import type { Json } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";

const TYPE = "aws:s3/bucketObjectv2:BucketObjectv2";
const BUCKET = "shop-infra";
const KEY = "glue_jobs/dev/export.py";

const asset = (content: Json): Json => ({ [SIGNATURE_KEY]: ASSET_SIGNATURE, ...content });

describe("local S3: objects of the program", () => {
  let cloud: TestCloud;
  let client: S3Client;
  let folder: string;
  before(async () => {
    cloud = await withCloud([s3]);
    client = new S3Client(cloud.client);
    folder = await mkdtemp(join(tmpdir(), "local-aws-test-"));
    await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKET }, "urn:bucket");
  });
  after(async () => {
    client.destroy();
    await cloud.stop();
    await rm(folder, { recursive: true });
  });

  const create = (inputs: Json) => cloud.cloud.create(TYPE, { bucket: BUCKET, key: KEY, ...inputs }, "urn:object");
  const read = async (): Promise<unknown[]> => {
    const { Body, ContentType, ETag } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: KEY }));
    return [await Body?.transformToString(), ContentType, ETag];
  };

  it("come from a text or a file, and replace what is there", async () => {
    const { id, state } = await create({ source: asset({ text: "é" }) });
    const etag = "66ddcd97cfdeabb2f6fb8a999b4bc76f";
    assert.deepEqual([id, state], [KEY, { etag, arn: `arn:aws:s3:::${BUCKET}/${KEY}`, storageClass: "STANDARD", tagsAll: {} }]);
    assert.deepEqual(await read(), ["é", "binary/octet-stream", `"${etag}"`]);
    const path = join(folder, "export.py");
    await writeFile(path, "hi");
    const tags = { stage: "dev" };
    const { state: replaced } = await create({ source: asset({ path }), contentType: "text/x-python", sourceHash: "1", tags });
    assert.deepEqual(replaced.tagsAll, tags);
    assert.deepEqual(await read(), ["hi", "text/x-python", '"49f68a5c8493ec2c0bf489821c21fc3b"']);
    await create({ source: asset({ text: "" }) });
    assert.equal((await read())[0], "");
  });

  it("are checked before anything is there, whatever is not known yet", () => {
    cloud.cloud.check(TYPE, { key: KEY, source: asset({ path: "/no/such/file" }), bucket: undefined });
    const refused = (inputs: Json, message: string): void => assert.throws(() => cloud.cloud.check(TYPE, inputs), { message });
    const owner = `BucketObjectv2 "${KEY}":`;
    const shown = (source: unknown): string => `${owner} source must be a StringAsset or a FileAsset, got ${JSON.stringify(source)}`;
    const sources = ["export.py", { [SIGNATURE_KEY]: ARCHIVE_SIGNATURE, path: "x" }, asset({ uri: "https://a.b/c" })];
    refused({ content: "x" }, `${TYPE}: the local cloud does not know the input content`);
    for (const source of sources) refused({ key: KEY, source }, shown(source));
    refused({ key: KEY, contentType: 1 }, `${owner} contentType must be a string, got 1`);
    const tags = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`tag${i}`, "x"]));
    refused({ key: KEY, tags }, `${owner} tags must be at most 10, got ${JSON.stringify(tags)}`);
    refused({ key: "" }, 'BucketObjectv2 "": key must be of 1 to 1024 bytes, got ""');
  });

  it("need a bucket and a source", async () => {
    await assert.rejects(create({ bucket: "none", source: asset({ text: "x" }) }), { name: "NoSuchBucket" });
    await assert.rejects(create({}), { message: `BucketObjectv2 "${KEY}": source must be given` });
  });
});
