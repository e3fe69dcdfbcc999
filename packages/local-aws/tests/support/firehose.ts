import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { makeFirehose } from "../../src/firehose";
import type { DeliveryStream } from "../../src/firehose/deliveryStream";
import { kinesis } from "../../src/kinesis";
import { logs } from "../../src/logs";
import { s3 } from "../../src/s3";
import type { Json, Statement } from "../../src/service";
import { withCloud, type TestCloud } from "../../testing/cloud";
import { eventually } from "../../testing/eventually";
import { createStream } from "../../testing/kinesis";
import { ManualClock } from "../../testing/manualClock";

const TYPE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";
const ACCOUNT = "123456789012";
export const STREAM_ARN = `arn:aws:kinesis:ap-southeast-1:${ACCOUNT}:stream/events`;
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/delivery`;

/** What the delivery role may do. */
export const READ: Statement = {
  Effect: "Allow",
  Action: ["kinesis:DescribeStream", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"],
  Resource: STREAM_ARN,
};
export const WRITE: Statement = { Effect: "Allow", Action: "s3:PutObject", Resource: "arn:aws:s3:::raw/*" };
export const LOG: Statement = { Effect: "Allow", Action: "logs:PutLogEvents", Resource: "*" };

/** Inputs of a delivery stream with a newline after each record. */
export function deliveryInputs(changes: Json = {}): Json {
  const extendedS3Configuration = {
    roleArn: ROLE_ARN,
    bucketArn: "arn:aws:s3:::raw",
    bufferingInterval: 60,
    processingConfiguration: {
      enabled: true,
      processors: [{ type: "AppendDelimiterToRecord", parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }] }],
    },
    ...changes,
  };
  const kinesisSourceConfiguration = { kinesisStreamArn: STREAM_ARN, roleArn: ROLE_ARN };
  return { name: "delivery", destination: "extended_s3", kinesisSourceConfiguration, extendedS3Configuration };
}

/** A cloud with a stream "events", a bucket "raw" and a delivery role; its clock stands still until {@link FirehoseBench.until} lets it go. */
export class FirehoseBench {
  private constructor(
    readonly running: TestCloud,
    readonly clock: ManualClock,
    readonly kinesis: KinesisClient,
    readonly s3: S3Client,
  ) {}

  static async open(): Promise<FirehoseBench> {
    const clock = new ManualClock();
    const running = await withCloud([kinesis, s3, logs, makeFirehose({ pollMs: 20 })], { clock });
    return new FirehoseBench(running, clock, new KinesisClient(running.client), new S3Client({ ...running.client, forcePathStyle: true }));
  }

  /** Makes the stream, the bucket, and the log stream "errors" of the group "/firehose". */
  async makeSource(shardCount = 1): Promise<void> {
    await createStream(this.running, "events", { shardCount });
    await this.make("aws:s3/bucket:Bucket", { bucket: "raw" });
    await this.make("aws:cloudwatch/logGroup:LogGroup", { name: "/firehose" });
    await this.make("aws:cloudwatch/logStream:LogStream", { name: "errors", logGroupName: "/firehose" });
  }

  /** Creates the role that Firehose takes; `externalId` is what its trust demands. */
  async makeRole(statements: Statement[], externalId = ACCOUNT): Promise<void> {
    const trust = {
      Effect: "Allow",
      Principal: { Service: "firehose.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "sts:ExternalId": externalId } },
    };
    await this.make("aws:iam/role:Role", { name: "delivery", assumeRolePolicy: JSON.stringify({ Statement: [trust] }) });
    await this.allow("delivery", statements);
  }

  async allow(name: string, statements: Statement[]): Promise<void> {
    await this.make("aws:iam/rolePolicy:RolePolicy", { name, role: "delivery", policy: JSON.stringify({ Statement: statements }) });
  }

  deliver(changes: Json = {}): Promise<{ id: string; state: Json }> {
    return this.make(TYPE, deliveryInputs(changes));
  }

  check(inputs: Json): void {
    this.running.cloud.check(TYPE, inputs);
  }

  make(type: string, inputs: Json): Promise<{ id: string; state: Json }> {
    return this.running.cloud.create(type, inputs, `urn:pulumi:local::test::${type}::made`);
  }

  put(...records: (string | Buffer)[]): Promise<unknown> {
    return this.kinesis.send(
      new PutRecordsCommand({
        StreamName: "events",
        Records: records.map((data) => ({ Data: Buffer.from(data), PartitionKey: data.toString("latin1").slice(0, 256) })),
      }),
    );
  }

  /** Lets time go by in fifths of a second, which gives the reader its turns, until a check holds. */
  async until(check: () => unknown): Promise<void> {
    await eventually(async () => {
      this.clock.advance(200);
      await check();
    });
  }

  /** Resolves when just so many records were read and wait for delivery. */
  async untilRead(records: number): Promise<void> {
    const [stream] = this.running.services.get("firehose")?.workers as DeliveryStream[];
    await this.until(() => assert.equal(stream.undelivered, records));
  }

  /** Resolves when nothing waits and the stream was read to its end. */
  async untilDone(): Promise<void> {
    const since = performance.now();
    await this.until(() => assert.equal(this.running.pending(since), 0));
  }

  async untilObjects(count: number): Promise<void> {
    await this.until(async () => assert.equal((await this.keys()).length, count));
  }

  async keys(): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: "raw" }));
    return Contents.map(({ Key }) => Key ?? "");
  }

  async bytes(Key: string): Promise<Buffer> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: "raw", Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  /** Lines of all objects, sorted. */
  async lines(): Promise<string[]> {
    const texts = await Promise.all((await this.keys()).map(async (key) => (await this.bytes(key)).toString()));
    return texts.flatMap((text) => text.split("\n").slice(0, -1)).sort();
  }

  /** What Firehose wrote to the log stream "errors". */
  async errors(): Promise<Json[]> {
    const { cloud, owner } = this.running;
    const { output } = await cloud.call(owner, "logs", "GetLogEvents", { logGroupName: "/firehose", logStreamName: "errors" });
    return (output?.events as { message: string }[]).map(({ message }) => JSON.parse(message) as Json);
  }

  async close(): Promise<void> {
    this.kinesis.destroy();
    this.s3.destroy();
    await this.running.stop();
  }
}
