import * as assert from "node:assert/strict";
import type { Cloud, Json } from "../src/service";
import type { TestCloud } from "./cloud";
import { eventually } from "./eventually";

/** The smallest Interactions schema for events with a type. */
export const INTERACTIONS_SCHEMA = {
  type: "record",
  name: "Interactions",
  namespace: "com.amazonaws.personalize.schema",
  fields: [
    { name: "USER_ID", type: "string" },
    { name: "ITEM_ID", type: "string" },
    { name: "TIMESTAMP", type: "long" },
    { name: "EVENT_TYPE", type: "string" },
  ],
  version: "1.0",
};

/** The resources of {@link makeRecommender}. */
export interface Recommender {
  datasetGroupArn: string;
  schemaArn: string;
  datasetArn: string;
  trackerArn: string;
  trackingId: string;
}

/** Creates a resource through Cloud Control and returns its id and its read model. */
export async function makeThroughCloudControl(cloud: Cloud, type: string, desired: Json): Promise<{ id: string; properties: Json }> {
  const inputs = { typeName: type, desiredState: JSON.stringify(desired) };
  const urn = `urn:pulumi:local::test::aws:cloudcontrol/resource:Resource::${String(desired.Name)}`;
  const { id, state } = await cloud.create("aws:cloudcontrol/resource:Resource", inputs, urn);
  return { id, properties: JSON.parse(String(state.properties)) as Json };
}

/**
 * Creates a dataset group with schema, Interactions dataset and event tracker.
 *
 * @param name of all four resources
 */
export async function makeRecommender(cloud: Cloud, name = "shop", interactions: object = INTERACTIONS_SCHEMA): Promise<Recommender> {
  const make = (kind: string, desired: Json) => makeThroughCloudControl(cloud, `AWS::Personalize::${kind}`, desired);
  const group = await make("DatasetGroup", { Name: name });
  const schema = await make("Schema", { Name: name, Schema: JSON.stringify(interactions) });
  const references = { DatasetGroupArn: group.id, SchemaArn: schema.id };
  const dataset = await make("Dataset", { Name: name, DatasetType: "Interactions", ...references });
  const tracker = await make("EventTracker", { Name: name, DatasetGroupArn: group.id });
  const trackingId = String(tracker.properties.TrackingId);
  return { datasetGroupArn: group.id, schemaArn: schema.id, datasetArn: dataset.id, trackerArn: tracker.id, trackingId };
}

/** The entries of a log of the local Personalize: "events" or "calls". */
export async function personalizeLog({ cloud }: TestCloud, name: string): Promise<Json[]> {
  const entries: Json[] = [];
  for await (const entry of cloud.store("personalize").replay(name)) entries.push(entry);
  return entries;
}

/** Calls a control-plane operation over HTTP as the account's owner; errors are returned, not thrown. */
export async function controlPlane({ client }: TestCloud, operation: string, input: Json): Promise<Json> {
  const credential = `${client.credentials.accessKeyId}/20260131/${client.region}/personalize/aws4_request`;
  const response = await fetch(client.endpoint, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=none`,
      "x-amz-target": `AmazonPersonalize.${operation}`,
    },
    body: JSON.stringify(input),
  });
  return (await response.json()) as Json;
}

/** Resolves when the tracker accepts events. */
export async function trackerActive(cloud: TestCloud, eventTrackerArn: string): Promise<void> {
  await eventually(async () => {
    const { eventTracker } = await controlPlane(cloud, "DescribeEventTracker", { eventTrackerArn });
    assert.equal((eventTracker as Json).status, "ACTIVE");
  });
}
