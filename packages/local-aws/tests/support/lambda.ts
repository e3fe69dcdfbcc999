import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { kinesis } from "../../src/kinesis";
import { makeLambda } from "../../src/lambda";
import { ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY } from "../../src/lambda/sandbox";
import { logs } from "../../src/logs";
import { s3 } from "../../src/s3";
import type { Json, Statement } from "../../src/service";
import { type TestCloud, withCloud } from "../../testing/cloud";
import { eventually } from "../../testing/eventually";
import { JumpingClock } from "../../testing/jumpingClock";

export const BUCKET = "shop-upstream";
export const STREAM_ARN = "arn:aws:kinesis:ap-southeast-1:123456789012:stream/clicks";
export const GROUP = "/aws/lambda/shop";

export const READ: Statement = {
  Effect: "Allow",
  Action: ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"],
  Resource: STREAM_ARN,
};
export const LOG: Statement = {
  Effect: "Allow",
  Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
  Resource: `arn:aws:logs:ap-southeast-1:123456789012:log-group:${GROUP}:*`,
};
export const DISCARD: Statement = { Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${BUCKET}/aws/lambda/*` };

const FASTER = 1000;

/** What an invocation over HTTP answered. */
export interface Invoked {
  status: number;
  functionError: string | null;
  payload: unknown;
}

/** A text file as an asset in its wire form. */
export const text = (content: string): Json => ({ [SIGNATURE_KEY]: ASSET_SIGNATURE, text: content });

/** An archive in its wire form. */
export const archive = (assets: Json): Json => ({ [SIGNATURE_KEY]: ARCHIVE_SIGNATURE, assets });

/** A cloud with functions and what they are joined to. Waits are a thousand times shorter; its clock can jump ahead. */
export class LambdaBench {
  private constructor(
    readonly running: TestCloud,
    private readonly clock: JumpingClock,
  ) {}

  static async open(): Promise<LambdaBench> {
    const clock = new JumpingClock(FASTER);
    return new LambdaBench(await withCloud([makeLambda({ pollMs: 210 }), logs, kinesis, s3], { clock }), clock);
  }

  close(): Promise<void> {
    return this.running.stop();
  }

  /** Moves the clock ahead; the records that are there become older. */
  jump(ms: number): void {
    this.clock.jump(ms);
  }

  async role(statements: Statement[]): Promise<void> {
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };
    await this.create("aws:iam/role:Role", { name: "shop", assumeRolePolicy: { Version: "2012-10-17", Statement: trust } });
    if (statements.length > 0) await this.allow("execution", statements);
  }

  async allow(name: string, Statement: Statement[]): Promise<void> {
    await this.create("aws:iam/rolePolicy:RolePolicy", { name, role: "shop", policy: { Version: "2012-10-17", Statement } });
  }

  /** Deploys a function `shop` whose module is `source`. */
  async deploy(source: string, inputs: Json = {}): Promise<void> {
    await this.create("aws:lambda/function:Function", {
      name: "shop",
      role: "arn:aws:iam::123456789012:role/shop",
      handler: "__index.handler",
      runtime: "nodejs24.x",
      code: archive({ "__index.js": text(source) }),
      loggingConfig: { logFormat: "JSON", logGroup: GROUP },
      ...inputs,
    });
  }

  /** The stream, the bucket and the log group. */
  async surroundings(shardCount = 1): Promise<void> {
    await this.create("aws:kinesis/stream:Stream", { name: "clicks", shardCount });
    await this.create("aws:s3/bucket:Bucket", { bucket: BUCKET });
    await this.create("aws:cloudwatch/logGroup:LogGroup", { name: GROUP });
  }

  /** Maps the stream to the function and starts. */
  async map(inputs: Json = {}): Promise<string> {
    const { id } = await this.create("aws:lambda/eventSourceMapping:EventSourceMapping", {
      eventSourceArn: STREAM_ARN,
      functionName: "shop",
      startingPosition: "TRIM_HORIZON",
      ...inputs,
    });
    this.running.startWorkers();
    return id;
  }

  create(type: string, inputs: Json): Promise<{ id: string; state: Json }> {
    return this.running.cloud.create(type, inputs, `urn:pulumi:test::test::${type}::made`);
  }

  /** Puts one record a text; the text's part before ":" is the partition key. */
  async put(...texts: string[]): Promise<string[]> {
    const client = new KinesisClient(this.running.client);
    const Records = texts.map((data) => ({ Data: Buffer.from(data), PartitionKey: data.split(":")[0] }));
    const { Records: results = [] } = await client.send(new PutRecordsCommand({ StreamName: "clicks", Records }));
    client.destroy();
    return results.map(({ SequenceNumber = "" }) => SequenceNumber);
  }

  /** Invokes over HTTP, as a client of the account's owner. */
  async invoke(event: unknown, headers: Record<string, string> = {}): Promise<Invoked> {
    const { cloud, owner } = this.running;
    const scope = `${owner.credentials.accessKeyId}/20260131/${cloud.region}/lambda/aws4_request`;
    const response = await fetch(`${cloud.endpoint}/2015-03-31/functions/shop/invocations`, {
      method: "POST",
      body: JSON.stringify(event),
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`, ...headers },
    });
    return { status: response.status, functionError: response.headers.get("x-amz-function-error"), payload: await response.json() };
  }

  /** Lines of the function's log, in order. */
  async lines(): Promise<string[]> {
    const { cloud, owner } = this.running;
    const { output } = await cloud.call(owner, "logs", "FilterLogEvents", { logGroupName: GROUP });
    return (output?.events as { message: string }[]).map(({ message }) => message);
  }

  /** What the function printed with `seen`: one list of texts an invocation. */
  async seen(): Promise<string[][]> {
    return (await this.lines()).filter((line) => line.startsWith("[")).map((line) => JSON.parse(line) as string[]);
  }

  async untilDone(): Promise<void> {
    const since = performance.now();
    await eventually(() => {
      const left = this.running.pending(since);
      if (left > 0) throw new Error(`${left} records are pending`);
    });
  }

  /** Keys and contents of the discarded batches. */
  async discarded(): Promise<{ key: string; record: Json }[]> {
    const client = new S3Client({ ...this.running.client, forcePathStyle: true });
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    const found = [];
    for (const { Key: key = "" } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
      found.push({ key, record: JSON.parse((await Body?.transformToString()) ?? "") as Json });
    }
    client.destroy();
    return found;
  }
}

/** Source of a handler that prints its records' texts and then runs `body`, which sees `texts` and `event`. */
export const handlerOf = (body: string): string => `
  exports.handler = async (event) => {
    const texts = event.Records.map(({ kinesis }) => Buffer.from(kinesis.data, "base64").toString());
    process.stdout.write(JSON.stringify(texts) + "\\n");
    ${body}
  };`;
