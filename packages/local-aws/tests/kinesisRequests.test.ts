import { strict as assert } from "node:assert";
import {
  DescribeStreamCommand,
  GetRecordsCommand,
  type KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from "@aws-sdk/client-kinesis";
import { kinesis } from "../src/kinesis";
import { ServiceError } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";
import { createStream, iteratorOf, named, protocols, readFrom } from "../testing/kinesis";
import { ManualClock } from "../testing/manualClock";

const FIRST = "shardId-000000000000";
const MIB = 1024 * 1024;

describe("the local Kinesis's requests", () => {
  let cloud: TestCloud;
  let client: KinesisClient;
  const clock = new ManualClock();
  before(async () => {
    cloud = await withCloud([kinesis], { clock });
    client = protocols["HTTP/2"](cloud);
  });
  after(async () => {
    client.destroy();
    await cloud.stop();
  });
  const horizon = (StreamName: string) => iteratorOf(client, { StreamName, ShardId: FIRST, ShardIteratorType: "TRIM_HORIZON" });

  it("names the member and the value that it refuses", async () => {
    const arn = await createStream(cloud, "strict", { shardCount: 2 });
    const one = { Data: Buffer.from("x"), PartitionKey: "k" };
    const put = (Records: object[], more = {}) =>
      client.send(new PutRecordsCommand({ StreamName: "strict", Records: Records as [], ...more }));
    const { SequenceNumber } = await client.send(new PutRecordCommand({ StreamName: "strict", ...one, ExplicitHashKey: "0" }));
    const iterator = (input: object) => iteratorOf(client, { StreamName: "strict", ShardId: FIRST, ShardIteratorType: "LATEST", ...input });
    const latest = await iterator({});
    const cases: [() => Promise<unknown>, string, RegExp][] = [
      [() => put([]), "ValidationException", /Value at 'records' .* length greater than or equal to 1$/],
      [() => put(Array<object>(501).fill(one)), "ValidationException", /Value at 'records' .* length less than or equal to 500$/],
      [() => put([one, { ...one, PartitionKey: "" }]), "ValidationException", /Value '' at 'records\.2\.member\.partitionKey'/],
      [() => put([{ ...one, PartitionKey: "k".repeat(257) }]), "ValidationException", /'records\.1\.member\.partitionKey' .* 256$/],
      [() => put([{ PartitionKey: "k" }]), "ValidationException", /Value null at 'records\.1\.member\.data'/],
      [() => put([{ ...one, ExplicitHashKey: "-1" }]), "ValidationException", /Value '-1' at 'records\.1\.member\.explicitHashKey'/],
      [
        () => put([{ ...one, ExplicitHashKey: String(2n ** 128n) }]),
        "InvalidArgumentException",
        /record 1 .* got 340282366920938463463374607431768211456/,
      ],
      [
        () => put([one, { ...one, Data: Buffer.alloc(MIB) }]),
        "InvalidArgumentException",
        /record 2 must have at most 1048576 bytes .* got 1048577/,
      ],
      [
        () => put(Array<object>(11).fill({ ...one, Data: Buffer.alloc(MIB - 1) })),
        "InvalidArgumentException",
        /at most 10485760 bytes together, got 11534336/,
      ],
      [() => put([one], { DryRun: true }), "NotImplemented", /does not know the member DryRun of PutRecords/],
      [() => put([one], { StreamName: "absent" }), "ResourceNotFoundException", /^Stream absent under account 123456789012 not found\.$/],
      [() => put([one], { StreamName: undefined }), "InvalidArgumentException", /Either StreamName or StreamARN/],
      [() => put([one], { StreamARN: arn.replace("strict", "other") }), "InvalidArgumentException", /strict .*other/],
      [
        () => put([one], { StreamName: undefined, StreamARN: arn.replace("ap-southeast-1", "eu-west-1") }),
        "ResourceNotFoundException",
        /eu-west-1/,
      ],
      [() => iterator({ ShardId: "shardId-000000000002" }), "ResourceNotFoundException", /shardId-000000000002/],
      [() => iterator({ ShardIteratorType: "EARLIEST" }), "ValidationException", /Value 'EARLIEST' at 'shardIteratorType'/],
      [() => iterator({ ShardIteratorType: "AT_SEQUENCE_NUMBER" }), "InvalidArgumentException", /StartingSequenceNumber must be given/],
      [
        () => iterator({ StartingSequenceNumber: SequenceNumber }),
        "InvalidArgumentException",
        /StartingSequenceNumber must not be given with ShardIteratorType LATEST/,
      ],
      [
        () =>
          iterator({ ShardId: "shardId-000000000001", ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: SequenceNumber }),
        "InvalidArgumentException",
        /It encodes shardId-000000000000, while it was used in a call to shardId-000000000001/,
      ],
      [
        () => iterator({ ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: String(BigInt(SequenceNumber ?? 0) + 1n) }),
        "InvalidArgumentException",
        /never gave it to a record/,
      ],
      [
        () => iterator({ ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(clock.now() + 1000) }),
        "InvalidArgumentException",
        /later than now/,
      ],
      [() => readFrom(client, "AAAA"), "InvalidArgumentException", /Invalid ShardIterator AAAA/],
      [() => readFrom(client, latest, 10_001), "ValidationException", /Value '10001' at 'limit' .* 10000$/],
      [
        () => client.send(new GetRecordsCommand({ ShardIterator: latest, StreamARN: arn.replace("strict", "other") })),
        "InvalidArgumentException",
        /strict.*other/,
      ],
      [() => client.send(new DescribeStreamCommand({ StreamARN: "arn:aws:s3:::b" })), "ValidationException", /StreamARN .* arn:aws:s3:::b/],
      [
        () => client.send(new ListShardsCommand({ StreamName: "strict", ShardFilter: { Type: "AT_LATEST" } })),
        "NotImplemented",
        /does not know the member ShardFilter of ListShards/,
      ],
      [
        () => client.send(new SplitShardCommand({ StreamName: "strict", ShardToSplit: FIRST, NewStartingHashKey: "9" })),
        "UnknownOperationException",
        /the local kinesis has no operation SplitShard/,
      ],
    ];
    for (const [call, name, message] of cases) await assert.rejects(call(), named(name, message), String(message));
  });

  it("allows a role exactly the actions of its policy on the stream", async () => {
    const mine = await createStream(cloud, "mine");
    await createStream(cloud, "yours");
    const trust = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
    };
    const allow = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: ["kinesis:GetRecords", "kinesis:ListShards"], Resource: mine }],
    };
    const urn = (type: string) => `urn:pulumi:test::test::${type}::reader`;
    const role = await cloud.cloud.create(
      "aws:iam/role:Role",
      { name: "reader", assumeRolePolicy: JSON.stringify(trust) },
      urn("aws:iam/role:Role"),
    );
    await cloud.cloud.create(
      "aws:iam/rolePolicy:RolePolicy",
      { role: role.id, policy: JSON.stringify(allow) },
      urn("aws:iam/rolePolicy:RolePolicy"),
    );
    const reader = cloud.cloud.assume(String(role.state.arn), "lambda.amazonaws.com");
    const as = (operation: string, input: object) => cloud.cloud.call(reader, "kinesis", operation, { ...input });
    const denied = (action: string) => (error: unknown) =>
      error instanceof ServiceError && error.code.startsWith("AccessDenied") && error.message.includes(action);

    const { output } = await as("GetRecords", { ShardIterator: await horizon("mine") });
    assert.deepEqual(output?.Records, []);
    const { output: page } = await as("ListShards", { StreamName: "mine" });
    assert.equal((page?.Shards as object[]).length, 1);
    await assert.rejects(as("GetRecords", { ShardIterator: await horizon("yours") }), denied("kinesis:GetRecords"));
    await assert.rejects(as("PutRecord", { StreamARN: mine, Data: "eA==", PartitionKey: "k" }), denied("kinesis:PutRecord"));
  });
});
