import { PersonalizeEventsClient, PutEventsCommand } from "@aws-sdk/client-personalize-events";
import * as assert from "node:assert/strict";
import { cloudControl } from "../src/cloudControl";
import { makePersonalize } from "../src/personalize";
import { withCloud, type TestCloud } from "../testing/cloud";
import { eventually } from "../testing/eventually";
import { ManualClock } from "../testing/manualClock";
import { INTERACTIONS_SCHEMA, makeRecommender, makeThroughCloudControl, personalizeLog, type Recommender } from "../testing/personalize";

const SECONDS = Date.UTC(2026, 0, 31) / 1000;

describe("timing of the local Personalize", () => {
  let clock: ManualClock;
  let cloud: TestCloud;
  beforeEach(async () => {
    clock = new ManualClock();
    cloud = await withCloud([makePersonalize({ latencyMs: 0, creationMs: 1000 }), cloudControl], { clock });
  });
  afterEach(() => cloud.stop());

  /** Creates the resources while time passes. The tracker is not ACTIVE yet when this resolves. */
  async function deploy(): Promise<Recommender> {
    const made = makeRecommender(cloud.cloud);
    for (let waits = 1; waits <= 2; waits++) {
      await eventually(() => assert.equal(clock.sleeping, 1));
      clock.advance(1000);
    }
    return made;
  }
  const call = (trackingId: string) =>
    cloud.cloud.call(cloud.owner, "personalize", "POST /events", {
      trackingId,
      sessionId: "s1",
      eventList: [{ eventType: "watch", sentAt: SECONDS }],
    });

  it("refuses events before the tracker is ACTIVE", async () => {
    const { trackingId } = await deploy();
    await assert.rejects(call(trackingId), { name: "ResourceInUseException", status: 409 });
    clock.advance(1000);
    await eventually(() => call(trackingId));
  });

  it("refuses a tracker while the dataset is being created", async () => {
    const { cloud: inner } = cloud;
    const group = makeThroughCloudControl(inner, "AWS::Personalize::DatasetGroup", { Name: "g" });
    await eventually(() => assert.equal(clock.sleeping, 1));
    clock.advance(1000);
    const { id: DatasetGroupArn } = await group;
    const schema = await makeThroughCloudControl(inner, "AWS::Personalize::Schema", {
      Name: "s",
      Schema: JSON.stringify(INTERACTIONS_SCHEMA),
    });
    const dataset = makeThroughCloudControl(inner, "AWS::Personalize::Dataset", {
      Name: "d",
      DatasetType: "Interactions",
      DatasetGroupArn,
      SchemaArn: schema.id,
    });
    await eventually(() => assert.equal(clock.sleeping, 1));
    const tracker = makeThroughCloudControl(inner, "AWS::Personalize::EventTracker", { Name: "t", DatasetGroupArn });
    await assert.rejects(tracker, /active Interactions dataset/);
    clock.advance(1000);
    await dataset;
  });

  it("accepts 1000 requests per second and group, and the SDK retries throttled ones", async () => {
    const { trackingId } = await deploy();
    clock.advance(1000);
    await eventually(() => call(trackingId));
    clock.advance(1000);
    await Promise.all(Array.from({ length: 1000 }, () => call(trackingId)));
    await assert.rejects(call(trackingId), { name: "ThrottlingException", status: 400 });

    const client = new PersonalizeEventsClient({ ...cloud.client, maxAttempts: 10 });
    const sent = client.send(
      new PutEventsCommand({ trackingId, sessionId: "s1", eventList: [{ eventType: "watch", sentAt: new Date(SECONDS * 1000) }] }),
    );
    await eventually(async () =>
      assert.ok((await personalizeLog(cloud, "calls")).filter(({ status }) => status === "throttled").length >= 2),
    );
    clock.advance(1);
    // The SDK draws its delays, so it may have tried more than once before the clock went on.
    assert.ok(((await sent).$metadata.attempts ?? 0) >= 2);
    client.destroy();
  });
});
