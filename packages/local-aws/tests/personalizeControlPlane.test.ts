import * as assert from "node:assert/strict";
import { cloudControl } from "../src/cloudControl";
import { makePersonalize } from "../src/personalize";
import type { Json } from "../src/service";
import { withCloud, type TestCloud } from "../testing/cloud";
import {
  INTERACTIONS_SCHEMA,
  controlPlane,
  makeRecommender,
  makeThroughCloudControl,
  trackerActive,
  type Recommender,
} from "../testing/personalize";

describe("the control plane of the local Personalize", () => {
  let cloud: TestCloud;
  let shop: Recommender;
  beforeEach(async () => {
    cloud = await withCloud([makePersonalize({ creationMs: 1 }), cloudControl]);
    shop = await makeRecommender(cloud.cloud);
    await trackerActive(cloud, shop.trackerArn);
  });
  afterEach(() => cloud.stop());
  const read = (operation: string, input: Json) => controlPlane(cloud, operation, input);
  const make = (kind: string, desired: Json) => makeThroughCloudControl(cloud.cloud, `AWS::Personalize::${kind}`, desired);

  it("returns ARNs as AWS does, and a read model with the tracking id", async () => {
    const prefix = "arn:aws:personalize:ap-southeast-1:123456789012:";
    assert.equal(shop.datasetGroupArn, `${prefix}dataset-group/shop`);
    assert.equal(shop.schemaArn, `${prefix}schema/shop`);
    assert.equal(shop.datasetArn, `${prefix}dataset/shop/INTERACTIONS`);
    assert.match(shop.trackerArn, new RegExp(`^${prefix}event-tracker/[0-9a-f]{8}$`));
    assert.match(shop.trackingId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const { properties } = await make("DatasetGroup", { Name: "other", Tags: [{ Key: "stage", Value: "dev" }] });
    assert.deepEqual(properties, {
      Name: "other",
      Tags: [{ Key: "stage", Value: "dev" }],
      DatasetGroupArn: `${prefix}dataset-group/other`,
    });
  });

  it("describes resources", async () => {
    const { eventTracker } = await read("DescribeEventTracker", { eventTrackerArn: shop.trackerArn });
    const { creationDateTime, lastUpdatedDateTime, ...rest } = eventTracker as Json;
    assert.ok(Number(creationDateTime) <= Number(lastUpdatedDateTime), `${String(creationDateTime)} ${String(lastUpdatedDateTime)}`);
    const { trackerArn: eventTrackerArn, trackingId, datasetGroupArn } = shop;
    assert.deepEqual(rest, { name: "shop", eventTrackerArn, trackingId, datasetGroupArn, accountId: "123456789012", status: "ACTIVE" });
    assert.equal((await read("DescribeDataset", { datasetArn: `${shop.datasetArn}2` })).__type, "ResourceNotFoundException");
    assert.match(String((await read("DescribeDataset", { datasetArn: shop.datasetArn, verbose: true })).message), /member verbose/);
  });

  it("lists in pages", async () => {
    const { datasetGroupArn } = shop;
    const recipeArn = "arn:aws:personalize:::recipe/aws-popularity-count";
    for (const name of ["first", "second"]) {
      await read("CreateSolution", { name, datasetGroupArn, recipeArn, performAutoTraining: false });
    }
    const names = ({ solutions }: Json) => (solutions as Json[]).map(({ name }) => name);
    const first = await read("ListSolutions", { maxResults: 1 });
    assert.deepEqual(names(first), ["first"]);
    const last = await read("ListSolutions", { maxResults: 1, nextToken: first.nextToken });
    assert.deepEqual([names(last), last.nextToken], [["second"], undefined]);
    assert.equal((await read("ListSolutions", { nextToken: "1" })).__type, "InvalidNextTokenException");
  });

  it("lists the datasets of a group", async () => {
    const fields = [
      { name: "ITEM_ID", type: "string" },
      { name: "COLOUR", type: "string", categorical: true },
    ];
    const schema = await make("Schema", { Name: "items", Schema: JSON.stringify({ ...INTERACTIONS_SCHEMA, name: "Items", fields }) });
    const items = await make("Dataset", {
      Name: "items",
      DatasetType: "Items",
      DatasetGroupArn: shop.datasetGroupArn,
      SchemaArn: schema.id,
    });
    const other = await make("DatasetGroup", { Name: "other" });
    const { datasets } = await read("ListDatasets", { datasetGroupArn: shop.datasetGroupArn });
    const shown = (datasets as Json[]).map(({ creationDateTime, lastUpdatedDateTime, ...rest }) => {
      assert.ok(Number(creationDateTime) <= Number(lastUpdatedDateTime));
      return rest;
    });
    assert.deepEqual(shown, [
      { name: "shop", datasetArn: shop.datasetArn, datasetType: "Interactions", status: "ACTIVE" },
      { name: "items", datasetArn: items.id, datasetType: "Items", status: "ACTIVE" },
    ]);
    assert.deepEqual(await read("ListDatasets", { datasetGroupArn: other.id }), { datasets: [] });
  });

  const unsupported = [
    ...["DescribeSchema", "DeleteSchema", "ListSchemas", "ListDatasetGroups", "ListEventTrackers"],
    ...["CreateSchema", "CreateEventTracker", "StopSolutionVersionCreation", "CreateFilter"],
  ];
  for (const operation of unsupported) {
    it(`refuses ${operation} by name`, async () => {
      const { __type, message } = await read(operation, {});
      assert.deepEqual([__type, message], ["UnknownOperationException", `the local personalize has no operation ${operation}`]);
    });
  }

  const schema = (changes: Json) => ({ Name: "bad", Schema: JSON.stringify({ ...INTERACTIONS_SCHEMA, ...changes }) });
  const dataset = (DatasetType: string, { datasetGroupArn: DatasetGroupArn, schemaArn: SchemaArn }: Recommender) => ({
    Name: "d",
    DatasetType,
    DatasetGroupArn,
    SchemaArn,
  });
  const refused: [string, string, (made: Recommender) => Json, RegExp][] = [
    ["an unknown property", "DatasetGroup", () => ({ Name: "a", Naem: "a" }), /DatasetGroup: .*Naem/],
    ["a missing name", "DatasetGroup", () => ({}), /DatasetGroup: Name must be given/],
    ["a name with a bad start", "DatasetGroup", () => ({ Name: "-a" }), /Name must be 1 to 63 .* got "-a"/],
    ["a name of 64 characters", "Schema", () => ({ Name: "a".repeat(64), Schema: "{}" }), /Name must be 1 to 63/],
    ["a taken group name", "DatasetGroup", () => ({ Name: "shop" }), /Another resource with .*dataset-group\/shop exists/],
    ["a taken schema name", "Schema", () => ({ Name: "shop", Schema: JSON.stringify(INTERACTIONS_SCHEMA) }), /schema\/shop exists/],
    ["a schema with tags", "Schema", () => ({ ...schema({}), Tags: [] }), /Schema: the local cloud does not know the input Tags/],
    ["a schema that is not JSON", "Schema", () => ({ Name: "bad", Schema: "{" }), /Schema must be JSON/],
    ["a schema of another version", "Schema", () => schema({ version: "1.1" }), /version must be "1\.0", got "1\.1"/],
    ["a schema of another namespace", "Schema", () => schema({ namespace: "com.shop" }), /namespace/],
    [
      "a schema without TIMESTAMP",
      "Schema",
      () => schema({ fields: INTERACTIONS_SCHEMA.fields.filter(({ name }) => name !== "TIMESTAMP") }),
      /field TIMESTAMP must have the type long, got no such field/,
    ],
    [
      "a schema with a field twice",
      "Schema",
      () => schema({ fields: [...INTERACTIONS_SCHEMA.fields, INTERACTIONS_SCHEMA.fields[0]] }),
      /each field must have a name of its own/,
    ],
    [
      "a categorical EVENT_TYPE",
      "Schema",
      () => schema({ fields: INTERACTIONS_SCHEMA.fields.map((field) => ({ ...field, categorical: true })) }),
      /EVENT_TYPE must not be categorical/,
    ],
    [
      "a field of an unknown type",
      "Schema",
      () => schema({ fields: [...INTERACTIONS_SCHEMA.fields, { name: "AGE", type: "decimal" }] }),
      /fields\[4\]\.type must be one or a list of string, int/,
    ],
    [
      "a schema for something else",
      "Schema",
      () => schema({ name: "Clicks" }),
      /name must be one of Interactions, Users, Items, got "Clicks"/,
    ],
    ["an unknown dataset type", "Dataset", (made) => dataset("Clicks", made), /DatasetType must be one of Interactions, Users, Items/],
    [
      "a dataset with another type's schema",
      "Dataset",
      (made) => dataset("Items", made),
      /Schema for Interactions cannot be used with a Items dataset/,
    ],
    ["a second Interactions dataset", "Dataset", (made) => dataset("Interactions", made), /dataset\/shop\/INTERACTIONS exists/],
    [
      "a dataset of no group",
      "Dataset",
      (made) => ({ Name: "d", DatasetType: "Interactions", DatasetGroupArn: `${made.datasetGroupArn}2`, SchemaArn: made.schemaArn }),
      /dataset-group\/shop2 does not exist/,
    ],
    ["an import job within a dataset", "Dataset", () => ({ Name: "d", DatasetImportJob: {} }), /DatasetImportJob/],
    [
      "a second tracker of a group",
      "EventTracker",
      (made) => ({ Name: "t", DatasetGroupArn: made.datasetGroupArn }),
      /has the event tracker/,
    ],
  ];
  for (const [what, kind, desired, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(make(kind, desired(shop)), { message });
    });
  }

  it("refuses a tracker before the group has an Interactions dataset", async () => {
    const group = await make("DatasetGroup", { Name: "empty" });
    await assert.rejects(make("EventTracker", { Name: "t", DatasetGroupArn: group.id }), {
      name: "InvalidInputException",
      message: /active Interactions dataset/,
    });
  });
});
