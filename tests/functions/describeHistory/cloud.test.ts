import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { trustPolicy } from "../../../components/shared/policies";
import { s3, ServiceError } from "@c360/local-aws";
import { withCloud, type TestCloud } from "@c360/local-aws/testing";
import { BUCKETS, exportFunctions } from "../../support/deployedExports";
import { loadSerialized, type SerializedFunction } from "../../support/serialize";

const ROLE = "acme-c360-recommender-history-dev";
const PREFIX = "crm/dashboard_interaction/history/";
const DESCRIPTIONS = "crm_derived_restricted/t100_dashboard_interaction_history_description/descriptions.json";
const HEADER = "USER_ID,ITEM_ID,TIMESTAMP";

describe("the history function's archive with the local S3, under its own role", () => {
  let cloud: TestCloud;
  let client: S3Client;
  let history: SerializedFunction;
  const put = (key: string, Body: string | Buffer) =>
    client.send(new PutObjectCommand({ Bucket: BUCKETS.upstream, Key: PREFIX + key, Body, ContentLength: Buffer.byteLength(Body) }));

  const described = async () => (await history.invoke({})).result;

  before(async () => {
    const { files, environment, policy } = (await exportFunctions()).history;
    cloud = await withCloud([s3]);
    client = new S3Client(cloud.client);
    const create = (type: string, inputs: Record<string, unknown>) => cloud.cloud.create(type, inputs, `urn:${type}`);
    for (const bucket of [BUCKETS.upstream, BUCKETS.lake]) await create("aws:s3/bucket:Bucket", { bucket });
    await create("aws:iam/role:Role", { name: ROLE, assumeRolePolicy: trustPolicy("lambda.amazonaws.com") });
    await create("aws:iam/rolePolicy:RolePolicy", { name: "history", role: ROLE, policy });
    const { credentials } = cloud.cloud.assume(`arn:aws:iam::${cloud.cloud.account}:role/${ROLE}`, "lambda.amazonaws.com");
    history = await loadSerialized(files, {
      ...environment,
      HISTORY_COLUMNS: '{"USER_ID":"userId"}',
      AWS_ENDPOINT_URL: cloud.cloud.endpoint,
      AWS_REGION: cloud.cloud.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
  });
  beforeEach(async () => {
    cloud.faults.clear();
    for (const Bucket of [BUCKETS.upstream, BUCKETS.lake]) {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket, Key }));
    }
  });
  after(async () => {
    await history?.stop();
    client.destroy();
    await cloud.stop();
  });

  const stored = async () => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKETS.lake, Key: DESCRIPTIONS }));
    const lines = (await Body!.transformToString()).split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>).sort((a, b) => (String(a.object) < String(b.object) ? -1 : 1));
  };
  const store = (lines: object[]) =>
    client.send(
      new PutObjectCommand({ Bucket: BUCKETS.lake, Key: DESCRIPTIONS, Body: lines.map((line) => JSON.stringify(line)).join("\n") }),
    );

  it("describes the objects, in folders or gzip, and ignores hidden ones", async () => {
    assert.deepEqual(await described(), { objects: 0, bytes: 0, left: 0 });
    const plain = `${HEADER}\nu,i,1700000000\n`;
    const compressed = gzipSync(`\ufefftimestamp;"Event_Type";"item_id";userid\r\n1700000000;watch;i;u\r\n`);
    await put("", "");
    await put("2025/", "");
    await put("_SUCCESS", "");
    await put("2025/.part.crc", "x");
    await put("2025/january.csv", plain);
    await put("2025/january.csv.gz", compressed);
    assert.deepEqual(await described(), { objects: 2, bytes: plain.length + compressed.length, left: 0 });
    const found = (await stored()).map(({ etag, rules, ...rest }) => [typeof etag, rules, rest]);
    const object = `s3://${BUCKETS.upstream}/${PREFIX}2025/january.csv`;
    const rules = '[1,{"USER_ID":"userId"}]';
    assert.deepEqual(found, [
      ["string", rules, { object, delimiter: ",", column_count: 3, user_position: 1, item_position: 2, time_position: 3, header: HEADER }],
      [
        ...["string", rules],
        {
          ...{ object: `${object}.gz`, delimiter: ";", column_count: 4, header: 'timestamp;"Event_Type";"item_id";userid' },
          ...{ user_position: 4, item_position: 3, time_position: 1, type_position: 2 },
        },
      ],
    ]);
  });

  it("reads again only what is new, has changed, or was described by other rules", async () => {
    for (const name of ["kept", "changed", "otherRules", "deleted"]) await put(name, `${HEADER}\n`);
    await described();
    await store((await stored()).map((line, i) => ({ ...line, header: `known ${i}`, ...(i === 3 && { rules: "[0,{}]" }) })));
    await put("changed", `${HEADER},EVENT_TYPE\n`);
    await put("new", `${HEADER}\n`);
    await client.send(new DeleteObjectCommand({ Bucket: BUCKETS.upstream, Key: `${PREFIX}deleted` }));
    assert.deepEqual(((await described()) as { objects: number }).objects, 4);
    const headers = (await stored()).map(({ object, header }) => [String(object).split("/").at(-1), header]);
    const expected = [
      ["changed", `${HEADER},EVENT_TYPE`],
      ["kept", "known 2"],
      ["new", HEADER],
      ["otherRules", HEADER],
    ];
    assert.deepEqual(headers, expected);
  });

  it("keeps what it has described when half its time is over, and goes on from there", async () => {
    for (let i = 0; i < 3; i += 1) await put(`${i}.csv`, i === 0 ? "u,i,1\n" : `${HEADER}\n`);
    const bytes = 6 + 2 * (HEADER.length + 1);
    assert.deepEqual(await history.invoke({}, 0), { result: { objects: 3, bytes, left: 2 } });
    assert.equal((await stored()).length, 1);
    assert.deepEqual(await history.invoke({}, 0), { result: { objects: 3, bytes, left: 1 } });
    const message = (await history.invoke({}, 0)).error?.message;
    assert.match(String(message), /^1 of 3 history objects cannot be read: "s3:\/\/.*\/0\.csv" has no header/);
    await put("0.csv", `${HEADER}\n`);
    assert.deepEqual(await described(), { objects: 3, bytes: 3 * (HEADER.length + 1), left: 0 });
  });

  it("does not mistake an error of S3 for a file's", async () => {
    await put("a.csv", `${HEADER}\n`);
    const denied = new ServiceError("AccessDenied", "not you", 403);
    cloud.faults.inject({ service: "s3", operation: "GET /{Bucket}/{Key+}", kind: denied });
    assert.deepEqual((await history.invoke({})).error, { name: "AccessDenied", message: "not you" });
  });

  it("describes every page of the listing, counts what it refuses and names the first three", async () => {
    const hidden = Array.from({ length: 1000 }, (_, i) => `0/_${i}`);
    for (let from = 0; from < hidden.length; from += 50) await Promise.all(hidden.slice(from, from + 50).map((key) => put(key, "")));
    for (let i = 1; i <= 20; i += 1) await put(`${i}.csv`, `${HEADER}\n`);
    assert.deepEqual(await described(), { objects: 20, bytes: 20 * (HEADER.length + 1), left: 0 });
    await put("9.csv", "u,i,1\n");
    await put("5.csv", "");
    await put("6.csv.gz", "plain");
    await put("7.csv", gzipSync(HEADER));
    await put("8.csv.gz", gzipSync(HEADER).subarray(0, 20));
    const object = (name: string) => `"s3://${BUCKETS.upstream}/${PREFIX}${name}"`;
    const named = [
      `${object("5.csv")} is empty: remove it, or give it a header and rows`,
      `${object("6.csv.gz")} is not gzip, but its name ends with .gz: rename it`,
      `${object("7.csv")} is gzip, but its name does not end with .gz: rename it`,
    ];
    const message = `5 of 22 history objects cannot be read: ${named.join("; ")}; and 2 more`;
    for (let run = 0; run < 2; run += 1) assert.deepEqual((await history.invoke({})).error, { name: "HistoryRefused", message });
  });
});
