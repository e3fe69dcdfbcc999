import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { forwarderPolicy } from "../../../components/shared/eventPolicies";
import { trustPolicy } from "../../../components/shared/policies";
import { cloudControl, makePersonalize, s3 } from "@c360/local-aws";
import { makeRecommender, personalizeLog, type TestCloud, withCloud } from "@c360/local-aws/testing";
import { loadForwarder } from "../../support/forwarder";
import { kinesisRecord } from "../../support/kinesisEvent";
import { SCOPE } from "../../support/pulumiMocks";
import type { SerializedFunction } from "../../support/serialize";

interface ContractLine {
  arrived: number;
  text?: string;
  base64?: string;
  forwarded: { userId?: string; sessionId: string; event: object }[];
  reason?: string;
  events?: number[];
}

const lines = readFileSync(join(__dirname, "../../contracts/events.ndjson"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as ContractLine);
const batch = {
  Records: lines.map(({ arrived, text, base64 }, i) =>
    kinesisRecord(base64 === undefined ? (text ?? "") : Buffer.from(base64, "base64"), {
      sequenceNumber: String(1 + i),
      arrivedSeconds: arrived,
    }),
  ),
};

describe("the forwarder's archive with the local Personalize and S3, under its own role", () => {
  let cloud: TestCloud;
  let forwarder: SerializedFunction | undefined;

  before(async () => {
    cloud = await withCloud([s3, makePersonalize({ latencyMs: 0, creationMs: 0 }), cloudControl]);
    const create = (type: string, inputs: Record<string, unknown>) => cloud.cloud.create(type, inputs, `urn:pulumi:dev::test::${type}::t`);
    await create("aws:s3/bucket:Bucket", { bucket: "upstream" });
    await create("aws:iam/role:Role", { name: "forwarder", assumeRolePolicy: trustPolicy("lambda.amazonaws.com") });
    const policy = forwarderPolicy(SCOPE, { stream: "events", bucket: "upstream", keyPrefix: "", logGroup: "/aws/lambda/forwarder" });
    await create("aws:iam/rolePolicy:RolePolicy", { name: "forwarder", role: "forwarder", policy });
    const { trackingId } = await makeRecommender(cloud.cloud);
    const { credentials } = cloud.cloud.assume("arn:aws:iam::123456789012:role/forwarder", "lambda.amazonaws.com");
    const env = { TRACKING_ID: trackingId, DEAD_LETTER_PREFIX: "crm/dashboard_interaction/dead_letter/" };
    forwarder = await loadForwarder({ endpoint: cloud.cloud.endpoint, credentials, env });
  });

  after(async () => {
    await forwarder?.stop();
    await cloud.stop();
  });

  it("does with every event of the contract what the contract says", async () => {
    assert.deepEqual(await forwarder?.invoke(batch), { result: { batchItemFailures: [] } });

    const logged = await personalizeLog(cloud, "events");
    const accepted = logged.map(({ userId, sessionId, event }) => ({ userId, sessionId, event }));
    const expected = lines.flatMap(({ forwarded }) =>
      forwarded.map(({ userId, sessionId, event }) => ({ userId: userId ?? null, sessionId, event })),
    );
    assert.deepEqual(sorted(accepted), sorted(expected));

    const client = new S3Client(cloud.client);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: "upstream" }));
    const first = lines.findIndex(({ reason }) => reason !== undefined);
    const Key = `crm/dashboard_interaction/dead_letter/2026/11/20/shardId-000000000000-${1 + first}.ndjson`;
    assert.deepEqual(
      Contents.map((object) => object.Key),
      [Key],
    );
    const { Body } = await client.send(new GetObjectCommand({ Bucket: "upstream", Key }));
    client.destroy();
    const letters = ((await Body?.transformToString()) ?? "").trimEnd().split("\n");
    const kept = letters.map((letter) => JSON.parse(letter) as Record<string, unknown>);
    assert.deepEqual(
      kept.map(({ sequenceNumber, reason, events, data }) => ({ sequenceNumber, reason, events, data })),
      lines.flatMap(({ reason, events }, i) =>
        reason === undefined ? [] : [{ sequenceNumber: String(1 + i), reason, events, data: batch.Records[i].kinesis.data }],
      ),
    );
  });
});

function sorted(events: object[]): string[] {
  return events.map((event) => JSON.stringify(event, canonical)).sort();
}

function canonical(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
