import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { trustPolicy } from "../../../components/shared/policies";
import { s3, ServiceError } from "@c360/local-aws";
import { withCloud, type TestCloud } from "@c360/local-aws/testing";
import { BUCKETS, exportFunctions } from "../../support/deployedExports";
import { loadSerialized, type SerializedFunction } from "../../support/serialize";

const ROLE = "acme-c360-recommender-history-dev";
const PREFIX = "crm/dashboard_interaction/history/";
const HEADER = "USER_ID,ITEM_ID,TIMESTAMP";

describe("the history check's archive with the local S3, under its own role", () => {
  let cloud: TestCloud;
  let client: S3Client;
  let check: SerializedFunction;
  const put = (key: string, Body: string | Buffer) =>
    client.send(new PutObjectCommand({ Bucket: BUCKETS.upstream, Key: PREFIX + key, Body, ContentLength: Buffer.byteLength(Body) }));

  const checked = async () => (await check.invoke({})).result;

  before(async () => {
    const { files, environment, policy } = (await exportFunctions()).history;
    cloud = await withCloud([s3]);
    client = new S3Client(cloud.client);
    const create = (type: string, inputs: Record<string, unknown>) => cloud.cloud.create(type, inputs, `urn:${type}`);
    await create("aws:s3/bucket:Bucket", { bucket: BUCKETS.upstream });
    await create("aws:iam/role:Role", { name: ROLE, assumeRolePolicy: trustPolicy("lambda.amazonaws.com") });
    await create("aws:iam/rolePolicy:RolePolicy", { name: "history", role: ROLE, policy });
    const { credentials } = cloud.cloud.assume(`arn:aws:iam::${cloud.cloud.account}:role/${ROLE}`, "lambda.amazonaws.com");
    check = await loadSerialized(files, {
      ...environment,
      AWS_ENDPOINT_URL: cloud.cloud.endpoint,
      AWS_REGION: cloud.cloud.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
  });
  beforeEach(async () => {
    cloud.faults.clear();
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKETS.upstream }));
    for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket: BUCKETS.upstream, Key }));
  });
  after(async () => {
    await check?.stop();
    client.destroy();
    await cloud.stop();
  });

  it("counts the objects of an empty history, and of one with folders, gzip and hidden objects", async () => {
    assert.deepEqual(await checked(), { objects: 0, bytes: 0 });
    const plain = `${HEADER}\nu,i,1700000000\n`;
    const compressed = gzipSync(`${HEADER},EVENT_TYPE\r\nu,i,1700000000,watch\r\n`);
    await put("", "");
    await put("2025/", "");
    await put("_SUCCESS", "");
    await put("2025/.part.crc", "x");
    await put("2025/january.csv", plain);
    await put("2025/january.csv.gz", compressed);
    assert.deepEqual(await checked(), { objects: 2, bytes: plain.length + compressed.length });
  });

  it("shows the row that it found, and does not mistake an error of S3 for one", async () => {
    await put("a.csv", `ITEM_ID,USER_ID,TIMESTAMP\n`);
    const rule = `the first row must be ${HEADER} or ${HEADER},EVENT_TYPE`;
    const message = `Object "s3://${BUCKETS.upstream}/${PREFIX}a.csv": ${rule}, got "ITEM_ID,USER_ID,TIMESTAMP"`;
    assert.deepEqual((await check.invoke({})).error, { name: "HistoryHeader", message });
    const denied = new ServiceError("AccessDenied", "not you", 403);
    cloud.faults.inject({ service: "s3", operation: "GET /{Bucket}/{Key+}", kind: denied });
    assert.deepEqual((await check.invoke({})).error, { name: "AccessDenied", message: "not you" });
  });

  it("checks every page of the listing, and names the first object without a header", async () => {
    const hidden = Array.from({ length: 1000 }, (_, i) => `0/_${i}`);
    for (let from = 0; from < hidden.length; from += 50) await Promise.all(hidden.slice(from, from + 50).map((key) => put(key, "")));
    for (let i = 1; i <= 20; i += 1) await put(`${i}.csv`, `${HEADER}\n`);
    assert.deepEqual(await checked(), { objects: 20, bytes: 20 * (HEADER.length + 1) });
    await put("9.csv", "u,i,1\n");
    await put("5.csv", "");
    await put("6.csv.gz", "plain");
    const rule = `the first row must be ${HEADER} or ${HEADER},EVENT_TYPE`;
    assert.deepEqual((await check.invoke({})).error, {
      name: "HistoryHeader",
      message: `Object "s3://${BUCKETS.upstream}/${PREFIX}5.csv": ${rule}, got an empty object; so it is with 2 more of 21 objects`,
    });
  });
});
