import * as assert from "node:assert/strict";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { forwarderStatements } from "../../../components/eventForwarder/eventForwarder";
import { policy, trustPolicy } from "../../../components/shared/policies";
import { badParts, reasonOf } from "../../../functions/forwardEvents/deadLetters";
import { plan, type BatchRecord } from "../../../functions/forwardEvents/plan";
import { cloudControl, makePersonalize, s3 } from "@c360/local-aws";
import { makeRecommender, personalizeLog, type TestCloud, withCloud } from "@c360/local-aws/testing";
import { CONTRACT } from "../../support/eventContract";
import { loadForwarder } from "../../support/forwarder";
import { kinesisRecord } from "../../support/kinesisEvent";
import { CONTEXT } from "../../support/pulumiMocks";
import type { SerializedFunction } from "../../support/serialize";

describe("the contract for events, as the forwarder plans it", () => {
  for (const { name, arrived, payload, forwarded, reason, events, lines } of CONTRACT) {
    it(name, () => {
      const { records, groups } = plan([kinesisRecord(payload, { arrivedSeconds: arrived })]);
      const [record] = records;
      const planned = groups.flatMap(({ userId, sessionId, calls }) =>
        calls.flat().map(({ line: { userRecord, line }, index, event }) => {
          const place = record.lines.length > 1 || userRecord !== undefined ? { userRecord, line } : {};
          return { ...place, index, ...(userId === undefined ? {} : { userId }), sessionId, event };
        }),
      );
      const places = ({ userRecord = 0, line = 0, index }: (typeof forwarded)[number]): number => (userRecord * 100 + line) * 100 + index;
      const inOrder = (JSON.parse(JSON.stringify(planned)) as typeof forwarded).sort((a, b) => places(a) - places(b));
      assert.deepEqual(inOrder, forwarded);
      accept(record);
      assert.equal(reasonOf(record), reason);
      const bad = reason === undefined ? {} : (JSON.parse(JSON.stringify(badParts(record))) as object);
      assert.deepEqual(bad, { ...(events && { events }), ...(lines && { lines }) });
    });
  }

  it("has unique names and covers every reason", () => {
    assert.equal(new Set(CONTRACT.map(({ name }) => name)).size, CONTRACT.length);
    assert.deepEqual([...new Set(CONTRACT.flatMap(({ reason }) => reason ?? []))].sort(), [
      "badAggregate",
      "badEvent",
      "badEventId",
      "badEventList",
      "badEventType",
      "badEventValue",
      "badImpression",
      "badItemId",
      "badJson",
      "badMetricAttribution",
      "badProperties",
      "badRecommendationId",
      "badSentAt",
      "badSessionId",
      "badUserId",
      "badUtf8",
      "eventTooLarge",
      "lineBreakInJson",
      "misspeltMember",
      "notAnObject",
    ]);
  });
});

describe("the contract for events, in the deployed archive with the local Personalize and S3, under the forwarder's role", () => {
  let cloud: TestCloud;
  let forwarder: SerializedFunction | undefined;

  before(async () => {
    cloud = await withCloud([s3, makePersonalize({ latencyMs: 0, creationMs: 0 }), cloudControl]);
    const create = (type: string, inputs: Record<string, unknown>) => cloud.cloud.create(type, inputs, `urn:pulumi:dev::test::${type}::t`);
    await create("aws:s3/bucket:Bucket", { bucket: "upstream" });
    await create("aws:iam/role:Role", { name: "forwarder", assumeRolePolicy: trustPolicy("lambda.amazonaws.com") });
    const context = { ...CONTEXT, buckets: { ...CONTEXT.buckets, upstream: "upstream" } };
    const rolePolicy = policy(...forwarderStatements(context, "events"));
    await create("aws:iam/rolePolicy:RolePolicy", { name: "forwarder", role: "forwarder", policy: rolePolicy });
    const { trackingId } = await makeRecommender(cloud.cloud);
    const { credentials } = cloud.cloud.assume("arn:aws:iam::123456789012:role/forwarder", "lambda.amazonaws.com");
    const env = { TRACKING_ID: trackingId, DEAD_LETTER_PREFIX: "crm/dashboard_interaction/dead_letter/" };
    forwarder = await loadForwarder({ endpoint: cloud.cloud.endpoint, credentials, env });
  });

  after(async () => {
    await forwarder?.stop();
    await cloud.stop();
  });

  it("holds in one batch: every event is accepted by Personalize or in one dead-letter object", async () => {
    const Records = CONTRACT.map(({ arrived, payload }, i) =>
      kinesisRecord(payload, { sequenceNumber: String(1 + i), arrivedSeconds: arrived }),
    );
    assert.deepEqual(await forwarder?.invoke({ Records }), { result: { batchItemFailures: [] } });

    const logged = await personalizeLog(cloud, "events");
    const accepted = logged.map(({ userId, sessionId, event }) => ({ userId, sessionId, event }));
    const expected = CONTRACT.flatMap(({ forwarded }) =>
      forwarded.map(({ userId, sessionId, event }) => ({ userId: userId ?? null, sessionId, event })),
    );
    assert.deepEqual(sorted(accepted), sorted(expected));

    const client = new S3Client(cloud.client);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: "upstream" }));
    const first = CONTRACT.findIndex(({ reason }) => reason !== undefined);
    const Key = `crm/dashboard_interaction/dead_letter/2026/11/20/shardId-000000000000-${1 + first}.ndjson`;
    assert.deepEqual(
      Contents.map((object) => object.Key),
      [Key],
    );
    const { Body } = await client.send(new GetObjectCommand({ Bucket: "upstream", Key }));
    const deadLetters = ((await Body?.transformToString()) ?? "").trimEnd().split("\n");
    client.destroy();
    assert.deepEqual(
      deadLetters
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .map(({ sequenceNumber, reason, events, lines, data }) => ({ sequenceNumber, reason, events, lines, data })),
      CONTRACT.flatMap(({ reason, events, lines }, i) =>
        reason === undefined ? [] : [{ sequenceNumber: String(1 + i), reason, events, lines, data: Records[i].kinesis.data }],
      ),
    );
  });
});

/** As if Personalize accepted every event. */
function accept({ lines }: BatchRecord): void {
  for (const line of lines) line.events = line.events.map((state) => (state === "pending" ? "accepted" : state));
}

function sorted(events: object[]): string[] {
  return events.map((event) => JSON.stringify(event, canonical)).sort();
}

function canonical(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
