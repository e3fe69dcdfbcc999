import * as assert from "node:assert/strict";
import { DeleteDatasetCommand, DeleteEventTrackerCommand } from "@aws-sdk/client-personalize";
import { eventually } from "../../testing/eventually";
import { ImportWorld } from "../support/importWorld";
import { INTERACTIONS_SCHEMA, makeThroughCloudControl } from "../../testing/personalize";
import { historyFile, enoughRows, NOON, type Row } from "../../testing/interactionRows";

/** As rows of a dataset's content. */
const texts = (rows: Row[]): string[] => [...new Set(rows.map((row) => row.join(" ")))].sort();
const other = (name: string): Row[] => enoughRows().map(([, ...rest]) => [name, ...rest]);

describe("the content of a dataset of the local Personalize", () => {
  let world: ImportWorld;
  beforeEach(async () => {
    world = await ImportWorld.open();
  });
  afterEach(() => world.close());

  it("is the imported and the streamed rows, without duplicates, with ids exact to the last digit", async () => {
    const rows = enoughRows();
    const large: Row = ["9007199254740993", "18446744073709551615", NOON, "watch"];
    const [first] = rows;
    const streamed: Row[] = [first, large, ["u0", "i0", NOON, "click"], ["é\u{1D11E},\"'", "i0", NOON, "watch"]];
    await world.import(historyFile([...rows, first, large]));
    await world.stream([...streamed, ...streamed, ["u0", "i0", NOON + 0.75, "click"]]);
    assert.deepEqual(await world.content(), texts([...rows, ...streamed]));
  });

  it("excludes events without a user or an item", async () => {
    const { cloud, owner } = world.running;
    const put = (input: object) => {
      const { trackingId } = world.shop;
      return cloud.call(owner, "personalize", "POST /events", { trackingId, sessionId: "s", ...input });
    };
    await put({ eventList: [{ eventType: "watch", sentAt: NOON, itemId: "i0" }] });
    await put({ userId: "u0", eventList: [{ eventType: "impression", sentAt: NOON, impression: ["i0"] }] });
    assert.deepEqual(await world.content(), []);
  });

  it("has at most ten event types, imported and streamed", async () => {
    await world.import(enoughRows());
    const typed = (type: string): Row => ["u0", "i0", NOON, type];
    await world.stream(Array.from({ length: 9 }, (_, i) => typed(`type${i}`)));
    assert.equal((await world.content()).length, 1009);
    await world.stream([typed("eleventh")]);
    const message = /:dataset\/shop\/INTERACTIONS: there must be at most 10 distinct event types .*, got 11 and 0\.$/;
    await assert.rejects(world.content(), { message });
  });

  it("takes an item among the properties where the event has none of its own", async () => {
    const { cloud, owner } = world.running;
    const events = [
      { properties: '{"itemId":"i1"}' },
      { properties: '{"itemId":"i2","eventValue":"4.5"}', itemId: "i0" },
      { properties: '{"itemId":7}' },
      { properties: '{"item_id":"i3"}' },
    ];
    const eventList = events.map((event) => ({ eventType: "watch", sentAt: NOON, ...event }));
    await cloud.call(owner, "personalize", "POST /events", { trackingId: world.shop.trackingId, sessionId: "s", userId: "u0", eventList });
    const rows: Row[] = ["i1", "i0"].map((item) => ["u0", item, NOON, "watch"]);
    assert.deepEqual(await world.content(), texts(rows));
  });

  it("is replaced by a full import except for streamed rows, extended by an incremental one, and unchanged by a failed one", async () => {
    const incremental = { importMode: "INCREMENTAL" } as const;
    await assert.rejects(world.import(enoughRows(), incremental), { name: "InvalidInputException", message: /first import .* FULL/ });
    const streamed: Row[] = [["u-streamed", "i0", NOON, "watch"]];
    await world.stream(streamed);
    await world.import(enoughRows());
    await world.import(other("second"));
    assert.deepEqual(await world.content(), texts([...other("second"), ...streamed]));
    await world.import(other("third"), incremental);
    assert.deepEqual(await world.content(), texts([...other("second"), ...other("third"), ...streamed]));
    assert.equal((await world.import(enoughRows(999))).status, "CREATE FAILED");
    assert.deepEqual(await world.content(), texts([...other("second"), ...other("third"), ...streamed]));
    await world.import(enoughRows());
    assert.deepEqual(await world.content(), texts([...enoughRows(), ...streamed]));
  });

  it("outlives the tracker, and is deleted with the dataset", async () => {
    const { personalize, shop } = world;
    await world.import();
    await world.stream([["u-streamed", "i0", NOON, "watch"]]);
    await personalize.send(new DeleteEventTrackerCommand({ eventTrackerArn: shop.trackerArn }));
    const deleteDataset = () => personalize.send(new DeleteDatasetCommand({ datasetArn: shop.datasetArn }));
    await eventually(async () => {
      await deleteDataset().catch((error: Error) => assert.equal(error.name, "ResourceNotFoundException"));
      await assert.rejects(deleteDataset(), { name: "ResourceNotFoundException" });
    });
    const again = { Name: "again", DatasetType: "Interactions", DatasetGroupArn: shop.datasetGroupArn, SchemaArn: shop.schemaArn };
    const { id } = await makeThroughCloudControl(world.running.cloud, "AWS::Personalize::Dataset", again);
    assert.equal(id, shop.datasetArn);
    assert.deepEqual(await world.content(), []);
  });
});

describe("a dataset of the local Personalize without event types", () => {
  it("treats events that differ only in type as one row", async () => {
    const schema = { ...INTERACTIONS_SCHEMA, fields: INTERACTIONS_SCHEMA.fields.slice(0, 3) };
    const world = await ImportWorld.open({ schema });
    const rows = enoughRows();
    const [[user, item, at]] = rows;
    await world.import(rows.reduce((csv, row) => `${csv}${row.slice(0, 3).join(",")}\n`, "USER_ID,ITEM_ID,TIMESTAMP\n"));
    await world.stream([
      [user, item, at, "watch"],
      [user, item, at, "click"],
    ]);
    assert.deepEqual(await world.content(), texts(rows.map((row) => [row[0], row[1], row[2], "-"])));
    await world.close();
  });
});
