import {
  CreatePartitionCommand,
  DeleteTableCommand,
  GetDatabaseCommand,
  GetPartitionCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GlueClient,
  UpdatePartitionCommand,
} from "@aws-sdk/client-glue";
import * as assert from "node:assert/strict";
import { glue } from "../../src/glue";
import type { Json } from "../../src/service";
import { type TestCloud, withCloud } from "../../testing/cloud";

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
  });

  it("refuses what Athena cannot read, and what is not supported", async () => {
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
      /columns must have different names, got user_id twice/,
    );
    await refused(
      TABLE,
      { ...INPUTS, name: "t", partitionKeys: [{ name: "Dt", type: "string" }] },
      /partitionKeys\[0\]\.name must be 1 to 255 of a-z, 0-9 and _, got "Dt"/,
    );
    await refused(
      TABLE,
      { ...INPUTS, name: "t", storageDescriptor: { skewedInfo: {} } },
      /storageDescriptor: the local cloud does not know the input skewedInfo/,
    );
    await assert.rejects(client.send(new GetPartitionsCommand({ ...PLACE, Expression: "dt = '1'" })), /member Expression of GetPartitions/);
    await assert.rejects(client.send(new GetPartitionsCommand({ ...PLACE, MaxResults: 1001 })), {
      name: "InvalidInputException",
      message: /'1001' at 'maxResults' .* less than or equal to 1000/,
    });
    await assert.rejects(client.send(new GetTableCommand({ ...PLACE, Name: "t200", CatalogId: "999999999999" })), {
      name: "InvalidInputException",
      message: /'999999999999' at 'catalogId'/,
    });
    await assert.rejects(client.send(new DeleteTableCommand({ ...PLACE, Name: "t200" })), { message: /has no operation DeleteTable/ });
  });

  it("answers a partition of the wrong type as the service does", async () => {
    const input = (PartitionInput: unknown) => cloud.cloud.call(cloud.owner, "glue", "CreatePartition", { ...PLACE, PartitionInput });
    const refused: [unknown, string, RegExp][] = [
      [undefined, "InvalidInputException", /null at 'partitionInput' .* must not be null/],
      ["2026-01-02", "SerializationException", /^PartitionInput: Expected null/],
      [{ Values: "2026-01-02" }, "SerializationException", /^PartitionInput.Values: Expected list or null/],
      [{ Values: [20260102] }, "SerializationException", /^PartitionInput.Values.0: NUMBER_VALUE can not be converted to a String/],
      [
        { ...DAY, StorageDescriptor: { Location: 1 } },
        "SerializationException",
        /^PartitionInput.StorageDescriptor.Location: NUMBER_VALUE/,
      ],
      [{ ...DAY, Parameters: { run: 1 } }, "SerializationException", /^PartitionInput.Parameters.run: NUMBER_VALUE/],
      [{ ...DAY, StorageDescriptor: { SkewedInfo: {} } }, "NotImplemented", /member PartitionInput.StorageDescriptor.SkewedInfo of Create/],
    ];
    for (const [value, name, message] of refused) await assert.rejects(input(value), { name, message });
    assert.deepEqual(await partitions(), []);
  });

  it("creates and changes partitions", async () => {
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
    const absent = { ...PLACE, PartitionValueList: ["2026-01-03"], PartitionInput: { Values: ["2026-01-03"] } };
    await assert.rejects(client.send(new UpdatePartitionCommand(absent)), { name: "EntityNotFoundException" });
    const wrong = { ...PLACE, PartitionInput: { Values: ["a", "b"] } };
    await assert.rejects(client.send(new CreatePartitionCommand(wrong)), { name: "InvalidInputException", message: /1 and 2/ });
    const other = { ...PLACE, PartitionValueList: DAY.Values, PartitionInput: { Values: ["2026-01-03"] } };
    await assert.rejects(client.send(new UpdatePartitionCommand(other)), { message: /cannot give a partition other values/ });
    assert.equal((await partitions()).length, 1);
  });

  it("lists partitions page by page", async () => {
    const days = ["2026-01-02", "2026-02-02", "2026-02-03"];
    for (const day of days.slice(1)) await client.send(new CreatePartitionCommand({ ...PLACE, PartitionInput: { Values: [day] } }));
    const first = await client.send(new GetPartitionsCommand({ ...PLACE, MaxResults: 2 }));
    const second = await client.send(new GetPartitionsCommand({ ...PLACE, MaxResults: 2, NextToken: first.NextToken }));
    const values = [first, second].map(({ Partitions = [] }) => Partitions.map(({ Values = [] }) => Values[0]));
    assert.deepEqual([values, second.NextToken], [[days.slice(0, 2), days.slice(2)], undefined]);
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
});
