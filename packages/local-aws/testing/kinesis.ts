import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import type { GetShardIteratorCommandInput, _Record } from "@aws-sdk/client-kinesis";
import { S3Client } from "@aws-sdk/client-s3";
import type { TestCloud } from "./cloud";

/** Clients that never retry: the SDK's default, which speaks HTTP/2, and one that speaks HTTP/1.1 as the S3 client does. */
export const protocols = {
  "HTTP/2": ({ client }: TestCloud) => new KinesisClient({ ...client, maxAttempts: 1 }),
  "HTTP/1.1": ({ client }: TestCloud) =>
    new KinesisClient({ ...client, maxAttempts: 1, requestHandler: new S3Client(client).config.requestHandler }),
};

/** Creates a stream and returns its ARN. */
export async function createStream(
  { cloud }: TestCloud,
  name: string,
  inputs: Record<string, unknown> = { shardCount: 1 },
): Promise<string> {
  const { id } = await cloud.create(
    "aws:kinesis/stream:Stream",
    { name, ...inputs },
    `urn:pulumi:test::test::aws:kinesis/stream:Stream::${name}`,
  );
  return id;
}

/** Texts as records of a PutRecords, each with itself as its partition key unless one is given. */
export const putTexts = (client: KinesisClient, StreamName: string, texts: string[], key?: string) =>
  client.send(
    new PutRecordsCommand({ StreamName, Records: texts.map((text) => ({ Data: Buffer.from(text), PartitionKey: key ?? text })) }),
  );

export const iteratorOf = async (client: KinesisClient, input: GetShardIteratorCommandInput): Promise<string> =>
  (await client.send(new GetShardIteratorCommand(input))).ShardIterator ?? "";

/** One read from an iterator. */
export async function readFrom(client: KinesisClient, ShardIterator: string, Limit?: number) {
  const { Records = [], NextShardIterator = "", MillisBehindLatest } = await client.send(new GetRecordsCommand({ ShardIterator, Limit }));
  return { texts: Records.map(textOf), records: Records, next: NextShardIterator, behind: MillisBehindLatest };
}

const textOf = ({ Data }: _Record): string => Buffer.from(Data ?? []).toString();

export const shardId = (index: number): string => `shardId-${String(index).padStart(12, "0")}`;

/** An error's name and message, for assert.rejects. */
export const named = (name: string, message: RegExp) => (error: Error) => error.name === name && message.test(error.message);
