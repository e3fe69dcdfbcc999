import { PersonalizeEventsClient, PutEventsCommand, type Event, type PutEventsRequest } from "@aws-sdk/client-personalize-events";
import * as assert from "node:assert/strict";
import { cloudControl } from "../src/cloudControl";
import { makePersonalize } from "../src/personalize";
import type { Json } from "../src/service";
import { withCloud, type TestCloud } from "../testing/cloud";
import { makeRecommender, personalizeLog, trackerActive, type Recommender } from "../testing/personalize";

const SENT_AT = new Date("2026-01-31T12:00:00Z");
const SECONDS = SENT_AT.getTime() / 1000;
const event = (changes: Partial<Event> = {}): Event => ({ eventType: "watch", itemId: "m1", sentAt: SENT_AT, ...changes });

describe("PutEvents of the local Personalize", () => {
  let cloud: TestCloud;
  let client: PersonalizeEventsClient;
  let shop: Recommender;
  const put = (changes: Partial<PutEventsRequest> = {}) =>
    client.send(new PutEventsCommand({ trackingId: shop.trackingId, sessionId: "s1", userId: "u1", eventList: [event()], ...changes }));

  beforeEach(async () => {
    cloud = await withCloud([makePersonalize({ latencyMs: 0, creationMs: 1 }), cloudControl]);
    client = new PersonalizeEventsClient({ ...cloud.client, maxAttempts: 1 });
    shop = await makeRecommender(cloud.cloud);
    await trackerActive(cloud, shop.trackerArn);
  });
  afterEach(async () => {
    client.destroy();
    await cloud.stop();
  });

  it("logs accepted events as they came, one entry per event, and one entry per call", async () => {
    const rich = {
      eventId: "e1",
      eventValue: 4.5,
      properties: '{"device":"tv"}',
      recommendationId: "r".repeat(40),
      impression: ["m1", "m2"],
      metricAttribution: { eventAttributionSource: "mail" },
    };
    await put({ eventList: [event(rich), event({ itemId: undefined })] });
    await put({ userId: undefined, sessionId: "s2" });

    const entries = (await personalizeLog(cloud, "events")).map(({ at: _, ...rest }) => rest);
    const { trackingId, datasetGroupArn } = shop;
    const tracked = { trackingId, datasetGroupArn };
    assert.deepEqual(entries, [
      { call: 1, ...tracked, sessionId: "s1", userId: "u1", event: { eventType: "watch", itemId: "m1", sentAt: SECONDS, ...rich } },
      { call: 1, ...tracked, sessionId: "s1", userId: "u1", event: { eventType: "watch", sentAt: SECONDS } },
      { call: 2, ...tracked, sessionId: "s2", userId: null, event: { eventType: "watch", itemId: "m1", sentAt: SECONDS } },
    ]);
    const calls = (await personalizeLog(cloud, "calls")).map(({ at: _, ...rest }) => rest);
    assert.deepEqual(calls, [
      { call: 1, status: "accepted", events: 2 },
      { call: 2, status: "accepted", events: 1 },
    ]);
  });

  const long = (n: number): string => "x".repeat(n);
  const many = (n: number): Event[] => Array.from({ length: n }, () => event());
  const refused: [string, Partial<PutEventsRequest>, RegExp][] = [
    ["no event", { eventList: [] }, /'eventList' .*greater than or equal to 1$/],
    ["11 events", { eventList: many(11) }, /'eventList' .*less than or equal to 10$/],
    ["no session", { sessionId: undefined }, /'sessionId' .*must not be null$/],
    ["an empty user", { userId: "" }, /'userId' .*greater than or equal to 1$/],
    ["a long user", { userId: long(257) }, /'userId' .*less than or equal to 256$/],
    ["no event type", { eventList: [event({ eventType: undefined })] }, /'eventList\.1\.member\.eventType' .*must not be null$/],
    [
      "no time in the second event",
      { eventList: [event(), event({ sentAt: undefined })] },
      /'eventList\.2\.member\.sentAt' .*must not be null$/,
    ],
    ["a long item", { eventList: [event({ itemId: long(257) })] }, /'eventList\.1\.member\.itemId' .*less than or equal to 256$/],
    ["an empty event id", { eventList: [event({ eventId: "" })] }, /'eventList\.1\.member\.eventId' .*greater than or equal to 1$/],
    ["a long recommendation id", { eventList: [event({ recommendationId: long(41) })] }, /recommendationId' .*less than or equal to 40$/],
    ["26 impressions", { eventList: [event({ impression: many(26).map(() => "m") })] }, /impression' .*less than or equal to 25$/],
    ["no impression", { eventList: [event({ impression: [] })] }, /impression' .*greater than or equal to 1$/],
    ["properties that are not JSON", { eventList: [event({ properties: "{" })] }, /^Error parsing properties json$/],
    ["properties that are a list", { eventList: [event({ properties: "[]" })] }, /^Error parsing properties json$/],
    [
      "long properties",
      { eventList: [event({ properties: JSON.stringify({ a: long(1017) }) })] },
      /properties' .*less than or equal to 1024$/,
    ],
    ["a reserved property", { eventList: [event({ properties: '{"UserId":"u"}' })] }, /reserved key UserId$/],
    [
      "an attribution without source",
      { eventList: [event({ metricAttribution: {} as never })] },
      /eventAttributionSource' .*must not be null$/,
    ],
    ["over 10 KB", { eventList: [event({ impression: Array<string>(25).fill("é".repeat(255)) })] }, /at most 10240 bytes$/],
  ];
  for (const [what, changes, message] of refused) {
    it(`refuses ${what} and keeps nothing`, async () => {
      await assert.rejects(put(changes), (error: Error) => {
        assert.equal(error.name, "InvalidInputException");
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await personalizeLog(cloud, "events"), []);
      assert.deepEqual(
        (await personalizeLog(cloud, "calls")).map(({ status }) => status),
        ["invalid"],
      );
    });
  }

  it("accepts every length at its limit", async () => {
    const full = event({
      eventType: long(256),
      itemId: long(256),
      eventId: long(256),
      properties: JSON.stringify({ a: long(1016) }),
      impression: Array<string>(25).fill("m"),
    });
    await put({ sessionId: long(256), userId: long(256), eventList: [...many(9), full] });
    assert.equal((await personalizeLog(cloud, "events")).length, 10);
  });

  const raw: [string, Json, string, RegExp][] = [
    ["a member that it does not know", { itemID: "m1" }, "NotImplemented", /member eventList\.0\.itemID of PutEvents/],
    ["a value that is not a number", { eventValue: "4" }, "SerializationException", /^eventList\.0\.eventValue: STRING_VALUE/],
  ];
  for (const [what, members, name, message] of raw) {
    it(`refuses ${what} and keeps nothing`, async () => {
      const request = { trackingId: shop.trackingId, sessionId: "s1", eventList: [{ eventType: "watch", sentAt: SECONDS, ...members }] };
      await assert.rejects(cloud.cloud.call(cloud.owner, "personalize", "POST /events", request), { name, message });
      assert.deepEqual(await personalizeLog(cloud, "events"), []);
      assert.deepEqual(
        (await personalizeLog(cloud, "calls")).map(({ status }) => status),
        ["invalid"],
      );
    });
  }

  it("answers 200 and drops the events of a session called null", async () => {
    const { $metadata } = await put({ sessionId: "null" });
    assert.equal($metadata.httpStatusCode, 200);
    assert.deepEqual(await personalizeLog(cloud, "events"), []);
    assert.deepEqual(
      (await personalizeLog(cloud, "calls")).map(({ status, events }) => [status, events]),
      [["accepted", 1]],
    );
  });

  it("answers 200 and drops events whose time has the wrong form", async () => {
    const request = { trackingId: shop.trackingId, sessionId: "s1" };
    const times = [SENT_AT.toISOString(), String(SECONDS), SENT_AT.getTime(), 0, SECONDS];
    const eventList = times.map((sentAt) => ({ eventType: "watch", sentAt }));
    await cloud.cloud.call(cloud.owner, "personalize", "POST /events", { ...request, eventList });
    assert.deepEqual(
      (await personalizeLog(cloud, "events")).map((entry) => (entry.event as Json).sentAt),
      [SECONDS],
    );
  });

  it("refuses an unknown tracking id", async () => {
    await assert.rejects(put({ trackingId: "elsewhere" }), (error: Error & { $metadata: { httpStatusCode: number } }) => {
      assert.deepEqual([error.name, error.$metadata.httpStatusCode], ["ResourceNotFoundException", 404]);
      return true;
    });
  });

  it("needs personalize:PutEvents on *", async () => {
    const policy = (Resource: string) =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "personalize:PutEvents", Resource }] });
    const sender = async (name: string, resource: string) => {
      const { id } = await cloud.cloud.create("aws:iam/policy:Policy", { name, policy: policy(resource) }, `urn:${name}`);
      return cloud.user(name, [id]);
    };
    const request = { trackingId: shop.trackingId, sessionId: "s1", eventList: [{ eventType: "watch", sentAt: SECONDS }] };
    const narrow = cloud.cloud.call(await sender("narrow", shop.trackerArn), "personalize", "POST /events", request);
    await assert.rejects(narrow, { name: "AccessDeniedException" });
    await cloud.cloud.call(await sender("wide", "*"), "personalize", "POST /events", request);
    assert.equal((await personalizeLog(cloud, "events")).length, 1);
  });
});
