import * as assert from "node:assert/strict";
import { ListDatasetImportJobsCommand } from "@aws-sdk/client-personalize";
import { BUCKET, ImportWorld, KEY, ROLE_ARN } from "../support/importWorld";
import { INTERACTIONS_SCHEMA, makeThroughCloudControl } from "../../testing/personalize";
import { historyFile, enoughRows, NOON, type Row } from "../../testing/interactionRows";

const PREFIX = "arn:aws:personalize:ap-southeast-1:123456789012:";
const LOCATION = `s3://${BUCKET}/${KEY}`;

/** Every type that a field can have, required and not. */
const RICH_SCHEMA = {
  ...INTERACTIONS_SCHEMA,
  fields: [
    ...INTERACTIONS_SCHEMA.fields.slice(0, 3),
    { name: "STARS", type: "int" },
    { name: "SHARE", type: ["null", "float"] },
    { name: "WATCHED", type: ["boolean", "null"] },
    { name: "DEVICE", type: ["null", "string"], categorical: true },
  ],
};

describe("an import job of the local Personalize", () => {
  let world: ImportWorld;
  before(async () => {
    world = await ImportWorld.open({ fails: (kind, name) => (kind === "import" && name === "unlucky" ? "out of luck" : undefined) });
  });
  after(() => world.close());

  it("imports with the role under the bucket's policy, and is described and listed", async () => {
    const job = await world.import(enoughRows(), { jobName: "first" });
    const datasetImportJobArn = `${PREFIX}dataset-import-job/first`;
    const { creationDateTime, lastUpdatedDateTime, ...rest } = job;
    assert.ok(creationDateTime && lastUpdatedDateTime && lastUpdatedDateTime >= creationDateTime);
    assert.deepEqual(rest, {
      ...{ jobName: "first", datasetImportJobArn, datasetArn: world.shop.datasetArn, roleArn: ROLE_ARN },
      ...{ dataSource: { dataLocation: LOCATION }, importMode: "FULL", status: "ACTIVE" },
    });
    const list = async (datasetArn: string) => {
      const { datasetImportJobs = [] } = await world.personalize.send(new ListDatasetImportJobsCommand({ datasetArn }));
      return datasetImportJobs;
    };
    const summary = {
      ...{ datasetImportJobArn, jobName: "first", importMode: "FULL", status: "ACTIVE" },
      creationDateTime,
      lastUpdatedDateTime,
    };
    assert.deepEqual(await list(world.shop.datasetArn), [summary]);
    assert.deepEqual(await list(`${PREFIX}dataset/none/INTERACTIONS`), []);
  });

  it("accepts columns in any order, quoted values, CRLF, and a last line without an end", async () => {
    const lines = enoughRows().map(([user, item, at, type]) => `${type},"a ""b"", ${item}",${at},"${user}"`);
    const csv = ["EVENT_TYPE,ITEM_ID,TIMESTAMP,USER_ID", ...lines].join("\r\n");
    assert.equal((await world.import(csv)).failureReason, undefined);
  });

  it("imports all files of a folder, and refuses a folder without the final slash", async () => {
    for (const [i, rows] of [enoughRows().slice(0, 400), enoughRows().slice(400)].entries()) {
      await world.put(historyFile(rows), `recommender/folder/part-${i}.csv`);
    }
    const from = (dataLocation: string) => world.begin({ dataSource: { dataLocation } }).then((arn) => world.end(arn));
    assert.equal((await from(`s3://${BUCKET}/recommender/folder/`)).status, "ACTIVE");
    assert.match((await from(`s3://${BUCKET}/recommender/folder`)).failureReason ?? "", /recommender\/folder/);
  });

  const good = historyFile(enoughRows());
  const changed = (row: number, change: (cells: string[]) => string[]): string =>
    good
      .split("\n")
      .map((line, i) => (i === row ? change(line.split(",")).join(",") : line))
      .join("\n");
  const long = (n: number): string => "x".repeat(n);
  // A line's number counts the header.
  const refused: [what: string, csv: string, names: RegExp][] = [
    ["lacks a column", good.replaceAll(/,[^,\n]*$/gm, ""), /EVENT_TYPE/],
    ["has a column in another case", good.replace("ITEM_ID", "item_id"), /ITEM_ID/],
    ["has quoted names", good.replace("USER_ID", '"USER_ID"'), /USER_ID/],
    ["is empty", "", /USER_ID/],
    ["has 999 rows", historyFile(enoughRows(999)), /1000.*999|999.*1000/],
    ["has a text for a time", changed(7, ([u, i, , t]) => [u, i, "yesterday", t]), /line 8\b.*TIMESTAMP.*"yesterday"/],
    ["has a fraction for a time", changed(7, ([u, i, , t]) => [u, i, "1.5", t]), /line 8\b.*TIMESTAMP.*"1\.5"/],
    [
      "has a time beyond a long",
      changed(7, ([u, i, , t]) => [u, i, "9223372036854775808", t]),
      /line 8\b.*TIMESTAMP.*"9223372036854775808"/,
    ],
    ["has an empty user", changed(1000, ([, ...rest]) => ["", ...rest]), /line 1001\b.*USER_ID.*""/],
    ["has a quoted empty item", changed(1, ([u, , ...rest]) => [u, '""', ...rest]), /line 2\b.*ITEM_ID.*""/],
    ["has a long item", changed(3, ([u, , ...rest]) => [u, long(257), ...rest]), /line 4\b.*ITEM_ID.*x{257}/],
    ["has no event type", changed(3, ([u, i, at]) => [u, i, at, ""]), /line 4\b.*EVENT_TYPE/],
    ["has a line of three cells", changed(3, ([u, i, at]) => [u, i, at]), /: line 4 must have 4 values, as the header does, got 3\.$/],
    ["has a line of five cells", changed(3, (cells) => [...cells, "more"]), /: line 4 must have 4 values, as the header does, got 5\.$/],
    ["leaves a quote open", changed(3, ([u, i, at]) => [u, i, at, '"watch']), /: line 4 must close its quotes\.$/],
    ["mixes line ends", changed(3, ([u, i, at, t]) => [u, i, at, `${t}\r`]), /: it must be CSV, with line ends of one kind\.$/],
    [
      "has a space before a time",
      changed(3, ([u, i, at, t]) => [u, i, ` ${at}`, t]),
      /line 4: TIMESTAMP must be a whole number \(long\), got " \d+"\.$/,
    ],
    [
      "has two wrong lines",
      changed(3, () => ["", "i", "x", "t"]).replace("u5,", ","),
      /line 4: USER_ID must be 1 to 256 characters, got ""\.$/,
    ],
    [
      "has a column too many",
      good.replaceAll("\n", ",1\n").replace("TYPE,1", "TYPE,RATING"),
      /columns of the schema alone, got "RATING"\.$/,
    ],
  ];
  for (const [what, csv, names] of refused) {
    it(`fails for a CSV that ${what}, with the reason`, async () => {
      const { status, failureReason = "" } = await world.import(csv.replaceAll("\n\n", "\n"));
      assert.equal(status, "CREATE FAILED");
      assert.match(failureReason, names);
      assert.ok(failureReason.includes(KEY), failureReason);
    });
  }

  it("fails for text that is not UTF-8, and cuts a long header", async () => {
    await world.put(Buffer.from(good.replace("watch", "w\u00e9tch"), "latin1"));
    assert.match((await world.end(await world.begin())).failureReason ?? "", /: line 2 must be UTF-8\.$/);
    const { failureReason = "" } = await world.import(good.replaceAll("\n", "\r"));
    assert.match(failureReason, /the column EVENT_TYPE of the schema, it is "USER_ID,ITEM_ID,.{284}\.\.\."\.$/s);
  });

  it("accepts ids at their limit, in characters of any kind", async () => {
    const rows = enoughRows().map(([, ...rest], i): Row => ["é𝄞".repeat(128), ...(i === 0 ? [long(256), NOON, "watch"] : rest)] as Row);
    assert.equal((await world.import(rows)).failureReason, undefined);
  });

  it("fails when the object is not there", async () => {
    const dataSource = { dataLocation: `s3://${BUCKET}/recommender/none.csv` };
    const { status, failureReason = "" } = await world.end(await world.begin({ dataSource }));
    assert.equal(status, "CREATE FAILED");
    assert.match(failureReason, /recommender\/none\.csv/);
  });

  it("fails when `fails` returns a reason", async () => {
    const { status, failureReason } = await world.import(enoughRows(), { jobName: "unlucky" });
    assert.deepEqual([status, failureReason], ["CREATE FAILED", "out of luck"]);
  });

  const asked: [what: string, request: Record<string, unknown>, name: string, message: RegExp][] = [
    ["a taken name", { jobName: "first" }, "ResourceAlreadyExistsException", /dataset-import-job\/first/],
    ["a name with a dot", { jobName: "a.b" }, "InvalidInputException", /jobName/],
    ["a name of 64 characters", { jobName: long(64) }, "InvalidInputException", /jobName/],
    ["no name", { jobName: undefined }, "InvalidInputException", /jobName/],
    ["no source", { dataSource: undefined }, "InvalidInputException", /dataSource/],
    ["another kind of source", { dataSource: { dataLocation: "file:///a.csv" } }, "InvalidInputException", /dataLocation/],
    ["another mode", { importMode: "SOME" }, "InvalidInputException", /importMode/],
    ["no role", { roleArn: undefined }, "InvalidInputException", /roleArn/],
    ["an unknown dataset", { datasetArn: `${PREFIX}dataset/none/INTERACTIONS` }, "ResourceNotFoundException", /dataset\/none/],
    ["metrics of attribution", { publishAttributionMetricsToS3: true }, "InvalidInputException", /publishAttributionMetricsToS3/],
    ["an unknown member", { recrawl: true }, "NotImplemented", /recrawl/],
    ["a name that is not text", { jobName: 5 }, "SerializationException", /jobName/],
  ];
  for (const [what, request, name, message] of asked) {
    it(`is refused for ${what}`, async () => {
      const given = { jobName: "refused", datasetArn: world.shop.datasetArn, dataSource: { dataLocation: LOCATION }, roleArn: ROLE_ARN };
      // The SDK would leave out a member that it does not know.
      const call = world.running.cloud.call(world.running.owner, "personalize", "CreateDatasetImportJob", { ...given, ...request });
      await assert.rejects(call, { name, message });
    });
  }
});

describe("an import job of the local Personalize into other datasets", () => {
  it("checks every value against its field's type", async () => {
    const world = await ImportWorld.open({ schema: RICH_SCHEMA });
    const header = RICH_SCHEMA.fields.map(({ name }) => name).join(",");
    const csvOf = (first: string): string =>
      [header, ...enoughRows().map(([user, item, at], i) => `${user},${item},${at},${i === 0 ? first : "5,0.5,true,tv|phone"}`), ""].join(
        "\n",
      );
    const reason = async (first: string) => (await world.import(csvOf(first))).failureReason;
    assert.equal(await reason("-2147483648,,,"), undefined);
    assert.match((await reason("2147483648,,,")) ?? "", /line 2: STARS must be a whole number \(int\), got "2147483648"\.$/);
    assert.match((await reason(",,,")) ?? "", /line 2: STARS must be a whole number \(int\), got ""\.$/);
    assert.match((await reason("1,half,,")) ?? "", /line 2: SHARE must be a float, got "half"\.$/);
    assert.match((await reason("1,,maybe,")) ?? "", /line 2: WATCHED must be a boolean, got "maybe"\.$/);
    assert.match((await reason(`1,,,${"x".repeat(1001)}`)) ?? "", /line 2: DEVICE must be 1 to 1000 characters, got "x{299}\.\.\.\.$/);
    await world.close();
  });

  it("has at most ten distinct event types combined with optional metadata columns", async () => {
    const fields = [...INTERACTIONS_SCHEMA.fields, { name: "EVENT_VALUE", type: ["null", "float"] }, { name: "DEVICE", type: "string" }];
    const world = await ImportWorld.open({ schema: { ...INTERACTIONS_SCHEMA, fields } });
    const header = fields.map(({ name }) => name).join(",");
    const csvOf = (types: number): string =>
      [header, ...enoughRows().map(([user, item, at], i) => `${user},${item},${at},type${i % types},,tv`), ""].join("\n");
    assert.equal((await world.import(csvOf(9))).failureReason, undefined);
    const rule = "there must be at most 10 distinct event types combined with optional metadata columns, got 10 and 1.";
    assert.equal((await world.import(csvOf(10))).failureReason, `${LOCATION}: ${rule}`);
    await world.close();
  });

  it("is refused for a dataset of items", async () => {
    const world = await ImportWorld.open();
    const { cloud } = world.running;
    const schema = { ...INTERACTIONS_SCHEMA, name: "Items", fields: [{ name: "ITEM_ID", type: "string" }] };
    const { id: SchemaArn } = await makeThroughCloudControl(cloud, "AWS::Personalize::Schema", {
      Name: "items",
      Schema: JSON.stringify(schema),
    });
    const desired = { Name: "items", DatasetType: "Items", DatasetGroupArn: world.shop.datasetGroupArn, SchemaArn };
    const { id } = await makeThroughCloudControl(cloud, "AWS::Personalize::Dataset", desired);
    await assert.rejects(world.begin({ datasetArn: id }), {
      name: "InvalidInputException",
      message: /dataset\/shop\/ITEMS is of another type/,
    });
    await world.close();
  });
});
