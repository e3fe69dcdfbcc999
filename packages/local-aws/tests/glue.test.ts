import {
  CreatePartitionCommand,
  DeletePartitionCommand,
  GetDatabaseCommand,
  GetDatabasesCommand,
  GetPartitionCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GetTablesCommand,
  GlueClient,
  UpdatePartitionCommand,
} from "@aws-sdk/client-glue";
import * as assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { glue } from "../src/glue";
import type { Json } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";

const DATABASE = "aws:glue/catalogDatabase:CatalogDatabase";
const TABLE = "aws:glue/catalogTable:CatalogTable";
const ARN = "arn:aws:glue:ap-southeast-1:123456789012";
const PLACE = { DatabaseName: "derived", TableName: "t200" };
const DAY = { Values: ["2026-01-02"], StorageDescriptor: { Location: "s3://lake/t200/dt=2026-01-02/run=1/" } };

const INPUTS = {
  name: "t200",
  databaseName: "derived",
  description: "interactions",
  tableType: "EXTERNAL_TABLE",
  parameters: { classification: "parquet" },
  partitionKeys: [{ name: "dt", type: "string" }],
  storageDescriptor: {
    columns: [
      { name: "user_id", type: "string" },
      { name: "timestamp", type: "bigint", comment: "epoch seconds" },
    ],
    location: "s3://lake/t200/",
    inputFormat: "Input",
    outputFormat: "Output",
    serDeInfo: { serializationLibrary: "SerDe", parameters: { "serialization.format": "1" } },
  },
};

describe("Glue", () => {
  let cloud: TestCloud;
  let client: GlueClient;
  const create = (type: string, inputs: Json) => cloud.cloud.create(type, inputs, "urn:made");
  const partitions = async () => (await client.send(new GetPartitionsCommand(PLACE))).Partitions ?? [];
  before(async () => {
    cloud = await withCloud([glue]);
    client = new GlueClient({ ...cloud.client, maxAttempts: 1 });
    const database = await create(DATABASE, { name: "derived", description: "of events", parameters: { a: "b" } });
    assert.deepEqual([database.id, database.state.arn], ["123456789012:derived", `${ARN}:database/derived`]);
    const table = await create(TABLE, INPUTS);
    assert.deepEqual([table.id, table.state.arn], ["123456789012:derived:t200", `${ARN}:table/derived/t200`]);
  });
  after(async () => {
    client.destroy();
    await cloud.stop();
  });

  it("shows databases and tables as they were made", async () => {
    const { Database } = await client.send(new GetDatabaseCommand({ Name: "derived" }));
    assert.deepEqual([Database?.Name, Database?.Description, Database?.Parameters], ["derived", "of events", { a: "b" }]);
    const { Table } = await client.send(new GetTableCommand({ DatabaseName: "derived", Name: "t200" }));
    assert.deepEqual(
      [Table?.TableType, Table?.Description, Table?.Parameters],
      ["EXTERNAL_TABLE", "interactions", { classification: "parquet" }],
    );
    assert.deepEqual(Table?.PartitionKeys, [{ Name: "dt", Type: "string" }]);
    const { Columns, Location, SerdeInfo } = Table?.StorageDescriptor ?? {};
    assert.deepEqual(Columns, [
      { Name: "user_id", Type: "string" },
      { Name: "timestamp", Type: "bigint", Comment: "epoch seconds" },
    ]);
    assert.deepEqual([Location, SerdeInfo?.SerializationLibrary], ["s3://lake/t200/", "SerDe"]);
    assert.deepEqual(SerdeInfo?.Parameters, { "serialization.format": "1" });
    const { DatabaseList } = await client.send(new GetDatabasesCommand({}));
    const { TableList } = await client.send(new GetTablesCommand({ DatabaseName: "derived" }));
    assert.deepEqual([DatabaseList?.map(({ Name }) => Name), TableList?.map(({ Name }) => Name)], [["derived"], ["t200"]]);
  });

  it("refuses what Athena could not read, or what is not known", async () => {
    const refused = (type: string, inputs: Json, message: RegExp) => assert.rejects(create(type, inputs), { message });
    await refused(
      DATABASE,
      { name: "My-Database" },
      /CatalogDatabase "My-Database": name must be 1 to 255 of a-z, 0-9 and _, got "My-Database"/,
    );
    await refused(DATABASE, { name: "a", targetDatabase: {} }, /does not know the input targetDatabase/);
    await refused(DATABASE, { name: "a", catalogId: "999999999999" }, /catalogId must be the account 123456789012/);
    await refused(DATABASE, { name: "derived" }, /already exists/);
    await refused(TABLE, { ...INPUTS, name: "T" }, /name must be/);
    await refused(TABLE, { ...INPUTS, name: "t", openTableFormatInput: {} }, /does not know the input openTableFormatInput/);
    await refused(TABLE, { ...INPUTS, name: "t", databaseName: "none" }, /Database none not found/);
    await refused(
      TABLE,
      { ...INPUTS, name: "t", partitionKeys: [{ name: "user_id", type: "string" }] },
      /names of their own, got user_id twice/,
    );
    await refused(TABLE, { ...INPUTS, name: "t", partitionKeys: [{ name: "Dt", type: "string" }] }, /a-z, 0-9 and _, got "Dt"/);
    await refused(
      TABLE,
      { ...INPUTS, name: "t", storageDescriptor: { skewedInfo: {} } },
      /storageDescriptor: .* does not know the input skewedInfo/,
    );
    await assert.rejects(client.send(new GetPartitionsCommand({ ...PLACE, Expression: "dt = '1'" })), /member Expression of GetPartitions/);
    await assert.rejects(
      client.send(new GetPartitionsCommand({ ...PLACE, MaxResults: 1001 })),
      /MaxResults must be .* 1 to 1000, got 1001/,
    );
  });

  it("makes, changes and drops partitions", async () => {
    const partition = { ...PLACE, PartitionInput: DAY };
    await client.send(new CreatePartitionCommand(partition));
    await assert.rejects(client.send(new CreatePartitionCommand(partition)), { name: "AlreadyExistsException" });
    const Location = "s3://lake/t200/dt=2026-01-02/run=2/";
    const change = {
      ...PLACE,
      PartitionValueList: DAY.Values,
      PartitionInput: { ...DAY, StorageDescriptor: { Location }, Parameters: { run: "2" } },
    };
    await client.send(new UpdatePartitionCommand(change));
    const { Partition } = await client.send(new GetPartitionCommand({ ...PLACE, PartitionValues: DAY.Values }));
    assert.deepEqual(
      [Partition?.Values, Partition?.StorageDescriptor?.Location, Partition?.Parameters],
      [DAY.Values, Location, { run: "2" }],
    );
    const none = { ...PLACE, PartitionValues: ["2026-01-03"] };
    await assert.rejects(client.send(new GetPartitionCommand(none)), { name: "EntityNotFoundException" });
    await assert.rejects(client.send(new DeletePartitionCommand(none)), { name: "EntityNotFoundException" });
    const absent = { ...PLACE, PartitionValueList: ["2026-01-03"], PartitionInput: { Values: ["2026-01-03"] } };
    await assert.rejects(client.send(new UpdatePartitionCommand(absent)), { name: "EntityNotFoundException" });
    const wrong = { ...PLACE, PartitionInput: { Values: ["a", "b"] } };
    await assert.rejects(client.send(new CreatePartitionCommand(wrong)), { name: "InvalidInputException", message: /1 and 2/ });
    await client.send(new DeletePartitionCommand({ ...PLACE, PartitionValues: DAY.Values }));
    assert.deepEqual(await partitions(), []);
  });

  it("gives partitions page by page", async () => {
    const days = ["2026-02-01", "2026-02-02", "2026-02-03"];
    for (const day of days) await client.send(new CreatePartitionCommand({ ...PLACE, PartitionInput: { Values: [day] } }));
    const first = await client.send(new GetPartitionsCommand({ ...PLACE, MaxResults: 2 }));
    const second = await client.send(new GetPartitionsCommand({ ...PLACE, MaxResults: 2, NextToken: first.NextToken }));
    const values = [first, second].map(({ Partitions = [] }) => Partitions.map(({ Values = [] }) => Values[0]));
    assert.deepEqual([values, second.NextToken], [[days.slice(0, 2), days.slice(2)], undefined]);
    for (const day of days) await client.send(new DeletePartitionCommand({ ...PLACE, PartitionValues: [day] }));
  });

  it("asks for the catalog, the database and the table", async () => {
    const all = [`${ARN}:catalog`, `${ARN}:database/derived`, `${ARN}:table/derived/t200`];
    const trust = { Statement: [{ Effect: "Allow", Principal: { Service: "states.amazonaws.com" }, Action: "sts:AssumeRole" }] };
    const as = async (name: string, Resource: string[]): Promise<GlueClient> => {
      const { state } = await create("aws:iam/role:Role", { name, assumeRolePolicy: trust });
      const policy = { Statement: [{ Effect: "Allow", Action: "glue:GetTable", Resource }] };
      await create("aws:iam/rolePolicy:RolePolicy", { name, role: name, policy });
      return new GlueClient({ ...cloud.clientOf(cloud.cloud.assume(String(state.arn), "states.amazonaws.com")), maxAttempts: 1 });
    };
    for (const [i, missing] of all.entries()) {
      const part = await as(
        `part${i}`,
        all.filter((arn) => arn !== missing),
      );
      const read = part.send(new GetTableCommand({ DatabaseName: "derived", Name: "t200" }));
      await assert.rejects(read, { name: "AccessDeniedException", message: new RegExp(`glue:GetTable on ${missing}:`) });
      part.destroy();
    }
    const whole = await as("whole", all);
    await whole.send(new GetTableCommand({ DatabaseName: "derived", Name: "t200" }));
    await assert.rejects(whole.send(new GetPartitionsCommand(PLACE)), { name: "AccessDeniedException" });
    whole.destroy();
  });

  it("has everything after a restart", async () => {
    const stateDir = `${cloud.stateDir}-restart`;
    const first = await withCloud([glue], { stateDir });
    await first.cloud.create(DATABASE, { name: "derived" }, "urn:made");
    await first.cloud.create(TABLE, INPUTS, "urn:made");
    const owner = first.owner;
    await first.cloud.call(owner, "glue", "CreatePartition", { ...PLACE, PartitionInput: DAY });
    await first.cloud.call(owner, "glue", "CreatePartition", { ...PLACE, PartitionInput: { Values: ["gone"] } });
    await first.cloud.call(owner, "glue", "DeletePartition", { ...PLACE, PartitionValues: ["gone"] });
    const shown = (await first.cloud.call(owner, "glue", "GetPartitions", PLACE)).output;
    await first.stop();
    const second = await withCloud([glue], { stateDir });
    assert.deepEqual((await second.cloud.call(second.owner, "glue", "GetPartitions", PLACE)).output, shown);
    assert.equal((shown?.Partitions as Json[]).length, 1);
    await second.stop();
    await rm(stateDir, { recursive: true });
  });
});
