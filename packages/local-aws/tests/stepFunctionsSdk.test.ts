import * as assert from "node:assert/strict";
import { Readable } from "node:stream";
import { glue } from "../src/glue";
import { s3 } from "../src/s3";
import type { Json } from "../src/service";
import { may, StepFunctionsBench, taskOf } from "../testing/stepFunctions";

const BUCKET = "shop-cache";
const TABLE = { DatabaseName: "derived", TableName: "days" };
const PARQUET = "org.apache.hadoop.hive.ql.io.parquet";
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

const sdk = (action: string, input: Json): Json => taskOf(`aws-sdk:${action}`, input);

describe("local Step Functions: aws-sdk", () => {
  let bench: StepFunctionsBench;
  before(async () => {
    bench = await StepFunctionsBench.open({ services: [s3, glue] });
    await bench.create("aws:s3/bucket:Bucket", { bucket: BUCKET });
    await bench.allow(
      may(["glue:GetPartition", "glue:CreatePartition", "states:ListExecutions"]),
      may(["s3:ListBucket", "s3:GetObject"]),
      may(["s3:DeleteObject", "s3:PutObject"], `arn:aws:s3:::${BUCKET}/gone/*`),
    );
    await bench.create("aws:glue/catalogDatabase:CatalogDatabase", { name: "derived" });
    await bench.create("aws:glue/catalogTable:CatalogTable", {
      name: "days",
      databaseName: "derived",
      tableType: "EXTERNAL_TABLE",
      partitionKeys: [{ name: "dt", type: "string" }],
      storageDescriptor: {
        columns: [{ name: "a", type: "string" }],
        location: `s3://${BUCKET}/days/`,
        inputFormat: `${PARQUET}.MapredParquetInputFormat`,
        outputFormat: `${PARQUET}.MapredParquetOutputFormat`,
        serDeInfo: { serializationLibrary: `${PARQUET}.serde.ParquetHiveSerDe` },
      },
    });
    for (const Key of ["gone/1", "gone/<&2>", "kept/1"]) await put(Key, Buffer.from("hi"));
  });
  after(() => bench.close());

  const put = async (Key: string, body: Buffer): Promise<void> => {
    const { cloud, owner } = bench.running;
    const headers = { "content-length": String(body.length), "content-type": "text/plain", "x-amz-meta-run": "r1" };
    await cloud.call(owner, "s3", "PUT /{Bucket}/{Key+}", { Bucket: BUCKET, Key, headers }, Readable.from([body]));
  };

  it("calls Glue with its own members; dates are ISO texts", async () => {
    const get = sdk("glue:getPartition", { ...TABLE, PartitionValues: ["2026-01-31"] });
    await bench.fails(get, "Glue.EntityNotFoundException", /Service: Glue, Status Code: 400/);
    const PartitionInput = { Values: ["2026-01-31"], StorageDescriptor: { Location: `s3://${BUCKET}/days/1/` } };
    assert.deepEqual((await bench.run(sdk("glue:createPartition", { ...TABLE, PartitionInput }))).output, {});
    const { Partition } = (await bench.run(get)).output as { Partition: Json };
    assert.deepEqual(Partition.Values, ["2026-01-31"]);
    assert.match(String(Partition.CreationTime), ISO);
  });

  it("calls Step Functions itself, in PascalCase", async () => {
    const StateMachineArn = "{% $states.context.StateMachine.Id %}";
    const states = sdk("sfn:listExecutions", { StateMachineArn, MaxResults: 5, StatusFilter: "RUNNING" });
    const { Executions } = (await bench.run(states)).output as { Executions: Json[] };
    const [{ ExecutionArn, Name, Status, StartDate, RedriveCount }] = Executions;
    assert.deepEqual([Executions.length, ExecutionArn, Name, Status, RedriveCount], [1, bench.last, "run", "RUNNING", 0]);
    assert.match(String(StartDate), ISO);
    const none = { StateMachineArn: "arn:aws:states:ap-southeast-1:123456789012:stateMachine:none" };
    await bench.fails(sdk("sfn:listExecutions", none), "Sfn.StateMachineDoesNotExistException", /none/);
    await bench.fails(sdk("sfn:listExecutions", { StateMachineArn, NextToken: "x" }), "Sfn.InvalidTokenException", /Invalid Token: 'x'/);
    await bench.fails(sdk("sfn:listStateMachines", {}), "Sfn.SfnException", /not authorized to perform states:ListStateMachines/);
  });

  it("lists objects in pages; lists that are empty are left out", async () => {
    const list = async (input: Json) =>
      (await bench.run(sdk("s3:listObjectsV2", { Bucket: BUCKET, ...input }))).output as { Contents: Json[] } & Json;
    const { Contents, NextContinuationToken, ...first } = await list({ Prefix: "gone/", MaxKeys: 1 });
    assert.deepEqual(first, { Name: BUCKET, Prefix: "gone/", IsTruncated: true, KeyCount: 1, MaxKeys: 1 });
    assert.match(String(Contents[0].LastModified), ISO);
    assert.deepEqual(
      { ...Contents[0], LastModified: 0 },
      {
        Key: "gone/1",
        LastModified: 0,
        ETag: '"49f68a5c8493ec2c0bf489821c21fc3b"',
        Size: 2,
        StorageClass: "STANDARD",
      },
    );
    const second = await list({ Prefix: "gone/", ContinuationToken: NextContinuationToken });
    assert.deepEqual(
      second.Contents.map(({ Key }) => Key),
      ["gone/<&2>"],
    );
    const folders = await list({ Delimiter: "/" });
    assert.deepEqual([folders.CommonPrefixes, "Contents" in folders], [[{ Prefix: "gone/" }, { Prefix: "kept/" }], false]);
  });

  it("looks at an object", async () => {
    const { LastModified, ...head } = (await bench.run(sdk("s3:headObject", { Bucket: BUCKET, Key: "kept/1" }))).output as Json;
    assert.match(String(LastModified), ISO);
    const ETag = '"49f68a5c8493ec2c0bf489821c21fc3b"';
    assert.deepEqual(head, { AcceptRanges: "bytes", ContentLength: 2, ContentType: "text/plain", ETag, Metadata: { run: "r1" } });
  });

  it("reads an object as text, of no more bytes than a state may have", async () => {
    const read = (Key: string): Json => sdk("s3:getObject", { Bucket: BUCKET, Key });
    const { LastModified, ...object } = (await bench.run(read("kept/1"))).output as Json;
    assert.match(String(LastModified), ISO);
    const ETag = '"49f68a5c8493ec2c0bf489821c21fc3b"';
    const described = { AcceptRanges: "bytes", ContentLength: 2, ContentType: "text/plain", ETag, Metadata: { run: "r1" } };
    assert.deepEqual(object, { ...described, Body: "hi" });
    await put("long", Buffer.alloc(262_145, "x"));
    const message = /^The object has 262145 bytes, more than the 262144 that are allowed$/;
    await bench.fails(read("long"), "States.DataLimitExceeded", message);
    await put("empty", Buffer.alloc(0));
    assert.equal(((await bench.run(read("empty"))).output as Json).Body, "");
    await bench.fails(read("none"), "S3.NoSuchKeyException", /Status Code: 404/);
    await bench.fails(sdk("s3:getObject", { Bucket: BUCKET, Key: "kept/1", Range: "bytes=0-0" }), "States.Runtime", /argument Range/);
  });

  it("puts an object as JSON", async () => {
    const Body = { run_id: "a", metrics: { coverage: 0.5 } };
    const written = await bench.run(sdk("s3:putObject", { Bucket: BUCKET, Key: "gone/new.json", Body, ContentType: "application/json" }));
    assert.deepEqual(written.output, { ETag: '"3e459ec75a30775c0f59cd7826949e04"' });
    const read = (await bench.run(sdk("s3:getObject", { Bucket: BUCKET, Key: "gone/new.json" }))).output as Json;
    assert.deepEqual([read.Body, read.ContentType], [JSON.stringify(Body), "application/json"]);
    await bench.fails(sdk("s3:putObject", { Bucket: BUCKET, Key: "kept/2", Body }), "S3.S3Exception", /not authorized|denied/i);
    await bench.fails(sdk("s3:putObject", { Bucket: BUCKET, Key: "x", Body, Tagging: "a" }), "States.Runtime", /argument Tagging/);
  });

  it("deletes objects, each with its own outcome", async () => {
    const Objects = [{ Key: "gone/1" }, { Key: "gone/<&2>" }, { Key: "kept/1" }];
    const { output } = await bench.run(sdk("s3:deleteObjects", { Bucket: BUCKET, Delete: { Objects } }));
    const { Deleted, Errors } = output as { Deleted: Json[]; Errors: Json[] };
    assert.deepEqual(Deleted, [{ Key: "gone/1" }, { Key: "gone/<&2>" }]);
    assert.deepEqual(
      Errors.map(({ Key, Code }) => [Key, Code]),
      [["kept/1", "AccessDenied"]],
    );
    const quiet = { Objects: Objects.slice(0, 1), Quiet: true };
    assert.deepEqual((await bench.run(sdk("s3:deleteObjects", { Bucket: BUCKET, Delete: quiet }))).output, {});
  });

  it("names S3's errors", async () => {
    await bench.fails(sdk("s3:headObject", { Bucket: BUCKET, Key: "none" }), "S3.NoSuchKeyException", /Status Code: 404/);
    await bench.fails(sdk("s3:listObjectsV2", { Bucket: "none" }), "S3.NoSuchBucketException", /none/);
    await bench.fails(
      sdk("s3:listObjectsV2", { Bucket: BUCKET, FetchOwner: true }),
      "States.Runtime",
      /argument FetchOwner of ListObjectsV2/,
    );
    await bench.fails(sdk("s3:getBucketLocation", { Bucket: BUCKET }), "States.Runtime", /the operation GetBucketLocation/);
  });

  it("needs the role's permissions", async () => {
    const update = sdk("glue:updatePartition", { ...TABLE, PartitionValueList: ["x"], PartitionInput: { Values: ["x"] } });
    await bench.fails(update, "Glue.AccessDeniedException", /role\/machine is not authorized to perform glue:UpdatePartition /);
  });
});
