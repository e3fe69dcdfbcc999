import type { Cloud, Json, Operation, Service, ServiceFactory } from "../service";
import { ServiceError } from "../service";
import { DeliveryStream } from "./deliveryStream";
import { checkInputs, INPUTS, readSettings } from "./settings";

/** How the local Firehose behaves. */
export interface FirehoseOptions {
  /** Real milliseconds between two reads of a shard; 200 or more keep within its limit. @default 500 */
  pollMs?: number;
}

const TYPE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";

/** Firehose with a Kinesis stream as the source and S3 as the destination. */
export function makeFirehose({ pollMs = 500 }: FirehoseOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const streams = new Map<string, DeliveryStream>();
    const workers: DeliveryStream[] = [];
    const store = cloud.store("firehose");
    const arnOf = (name: string): string => `arn:aws:firehose:${cloud.region}:${cloud.account}:deliverystream/${name}`;
    const add = (stream: DeliveryStream): void => {
      streams.set(stream.settings.name, stream);
      workers.push(stream);
    };
    const open = (inputs: Json, createdAt: number, checkpoints: ReadonlyMap<string, string>): DeliveryStream => {
      const settings = readSettings(inputs);
      return new DeliveryStream(cloud, settings, arnOf(settings.name), { createdAt, checkpoints }, pollMs);
    };

    const create = async (inputs: Json): Promise<{ id: string; state: Json }> => {
      const createdAt = cloud.clock.now();
      const stream = open(inputs, createdAt, new Map());
      const { name } = stream.settings;
      if (streams.has(name))
        throw new ServiceError("ResourceInUseException", `Delivery stream "${name}" exists in account ${cloud.account}`);
      await stream.startAtLatest();
      await store.append("deliveryStreams", { inputs, createdAt });
      add(stream);
      return { id: stream.arn, state: { arn: stream.arn, destinationId: DESTINATION_ID, versionId: "1", tagsAll: inputs.tags ?? {} } };
    };

    const restore = async (): Promise<void> => {
      const checkpoints = new Map<string, Map<string, string>>();
      for await (const { deliveryStream, shardId, sequenceNumber } of store.replay("checkpoints")) {
        const name = String(deliveryStream);
        checkpoints.set(name, (checkpoints.get(name) ?? new Map<string, string>()).set(String(shardId), String(sequenceNumber)));
      }
      for await (const { inputs, createdAt } of store.replay("deliveryStreams")) {
        const name = String((inputs as Json).name);
        add(open(inputs as Json, createdAt as number, checkpoints.get(name) ?? new Map()));
      }
    };

    return {
      signingName: "firehose",
      protocol: "json",
      resources: { [TYPE]: { inputs: INPUTS, check: checkInputs, create } },
      operations: {
        DescribeDeliveryStream: describe(streams, arnOf),
        PutRecord: refusePut("PutRecord", arnOf),
        PutRecordBatch: refusePut("PutRecordBatch", arnOf),
      },
      workers,
      restore,
    };
  };
}

/** Firehose that reads each shard twice a second. */
export const firehose: ServiceFactory = makeFirehose();

const DESTINATION_ID = "destinationId-000000000001";

function describe(streams: ReadonlyMap<string, DeliveryStream>, arnOf: (name: string) => string): Operation {
  return {
    permissions: (input) => [{ action: "firehose:DescribeDeliveryStream", resource: arnOf(String(input.DeliveryStreamName)) }],
    run: async ({ DeliveryStreamName }) => {
      const stream = streams.get(String(DeliveryStreamName));
      if (!stream) throw new ServiceError("ResourceNotFoundException", `Firehose ${String(DeliveryStreamName)} not found.`);
      const { settings, begin, arn } = stream;
      const source = { KinesisStreamARN: settings.source.streamArn, RoleARN: settings.source.roleArn };
      const destination = {
        RoleARN: settings.roleArn,
        BucketARN: `arn:aws:s3:::${settings.bucket}`,
        BufferingHints: { SizeInMBs: settings.sizeBytes / 2 ** 20, IntervalInSeconds: settings.intervalSeconds },
        CompressionFormat: settings.gzip ? "GZIP" : "UNCOMPRESSED",
      };
      const DeliveryStreamDescription = {
        DeliveryStreamName,
        DeliveryStreamARN: arn,
        DeliveryStreamStatus: "ACTIVE",
        DeliveryStreamType: "KinesisStreamAsSource",
        VersionId: "1",
        CreateTimestamp: begin.createdAt / 1000,
        Source: { KinesisStreamSourceDescription: source },
        Destinations: [{ DestinationId: DESTINATION_ID, ExtendedS3DestinationDescription: destination }],
        HasMoreDestinations: false,
      };
      return { output: { DeliveryStreamDescription } };
    },
  };
}

/** @see https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html */
const refusePut = (name: string, arnOf: (name: string) => string): Operation => ({
  permissions: (input) => [{ action: `firehose:${name}`, resource: arnOf(String(input.DeliveryStreamName)) }],
  run: async () => {
    throw new ServiceError("InvalidArgumentException", "This operation is not permitted on KinesisStreamAsSource delivery stream type.");
  },
});
