import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import * as assert from "node:assert/strict";
import { type Json, pulumiProvider } from "@c360/local-aws";
import {
  eventually,
  makeRecommender,
  personalizeLog,
  type Recommender,
  type TestCloud,
  trackerActive,
  withCloud,
} from "@c360/local-aws/testing";
import { ARNS } from "./support/settings";
import { runStack, stackResources, stackWith } from "./support/stackResources";

const RECOMMENDER = "c360:recommender:Recommender";

interface Outputs {
  tenants: { acme: Record<"streamName" | "producerPolicyArn" | "trackingId" | "schemaName", string | undefined> };
}

describe("an existing recommender", () => {
  it("leaves of Personalize the role that reads the input, and the policy of the campaign's clients", async () => {
    const existing = { ...ARNS, trackingId: "by-hand" };
    const { printed, resources, get } = await stackResources("prod", { recommender: { existing } });
    assert.deepEqual(printed, []);
    assert.deepEqual(
      resources
        .filter(({ urn, type }) => urn.includes(RECOMMENDER) || type.startsWith("aws:cloudcontrol/"))
        .map(({ name }) => name)
        .sort(),
      ["acme-recommender", "acme-recommender-consumer", "acme-recommender-role", "acme-recommender-role-policy"],
    );
    const { inputs } = get("aws:lambda/function:Function", "acme-forwarder-function");
    assert.equal((inputs.environment as { variables: Record<string, string> }).variables.TRACKING_ID, "by-hand");
  });

  const foreign: [title: string, from: string, to: string][] = [
    ["account", "123456789012", "999999999999"],
    ["region", "ap-southeast-1", "eu-west-1"],
  ];
  for (const [title, from, to] of foreign) {
    it(`of another ${title} is refused at preview`, async () => {
      const [datasetGroupArn, datasetArn] = [ARNS.datasetGroupArn, ARNS.datasetArn].map((arn) => arn.replace(from, to));
      const existing = { datasetGroupArn, datasetArn, trackingId: "by-hand" };
      await assert.rejects(stackResources("dev", { recommender: { existing } }), {
        message:
          'Recommender "acme-recommender": recommender.existing.datasetGroupArn must be of the stack\'s account and ' +
          `region (arn:aws:personalize:ap-southeast-1:123456789012:...), got "${datasetGroupArn}"`,
      });
    });
  }
});

describe("a deployment with an existing recommender", () => {
  let cloud: TestCloud;
  let byHand: Recommender;
  let kinesis: KinesisClient | undefined;
  before(async () => {
    cloud = await withCloud(undefined, { scale: 1000 });
    byHand = await makeRecommender(cloud.cloud, "by-hand");
    await trackerActive(cloud, byHand.trackerArn);
  });
  after(async () => {
    kinesis?.destroy();
    await cloud.stop();
  });

  it("forwards events to that recommender's tracker", async () => {
    const { datasetGroupArn, datasetArn, trackingId } = byHand;
    const stack = await stackWith("dev", { recommender: { existing: { datasetGroupArn, datasetArn, trackingId } } });
    const { outputs } = await runStack(stack, { provider: pulumiProvider(cloud) });
    const { acme } = (outputs as unknown as Outputs).tenants;
    assert.deepEqual([acme.trackingId, acme.schemaName], [trackingId, undefined]);

    cloud.startWorkers();
    const dashboards = cloud.user("dashboards", [String(acme.producerPolicyArn)]);
    kinesis = new KinesisClient(cloud.clientOf(dashboards));
    const event = { eventType: "watch", itemId: "7", sentAt: Math.floor(Date.now() / 1000) };
    const Data = Buffer.from(JSON.stringify({ user_id: "42", session_id: "s-1", event_list: [event] }));
    await kinesis.send(new PutRecordCommand({ StreamName: acme.streamName, PartitionKey: "s-1", Data }));

    await eventually(async () => assert.equal((await personalizeLog(cloud, "events")).length, 1));
    const [accepted] = await personalizeLog(cloud, "events");
    assert.deepEqual(
      [accepted.trackingId, accepted.userId, (accepted.event as Json).itemId, (accepted.event as Json).eventType],
      [trackingId, "42", "7", "watch"],
    );
  });
});
