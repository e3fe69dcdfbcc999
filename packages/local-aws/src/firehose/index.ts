import type { Cloud, Json, Service, ServiceFactory } from "../service";
import { ServiceError } from "../service";
import { DeliveryStream } from "./deliveryStream";
import { INPUTS, readSettings } from "./settings";

/** How the local Firehose behaves. */
export interface FirehoseOptions {
  /** Real milliseconds between two reads of a shard; 200 or more stay within its limit. @default 500 */
  pollMs?: number;
}

const TYPE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";

/** Firehose with a Kinesis stream as the source and S3 as the destination. */
export function makeFirehose({ pollMs = 500 }: FirehoseOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const workers: DeliveryStream[] = [];
    const create = async (inputs: Json): Promise<{ id: string; state: Json }> => {
      const settings = readSettings(inputs);
      const { name } = settings;
      if (workers.some((stream) => stream.settings.name === name))
        throw new ServiceError("ResourceInUseException", `Delivery stream "${name}" exists in account ${cloud.account}`);
      const arn = `arn:aws:firehose:${cloud.region}:${cloud.account}:deliverystream/${name}`;
      const stream = new DeliveryStream(cloud, settings, arn, pollMs);
      await stream.open();
      workers.push(stream);
      return { id: arn, state: { arn, destinationId: "destinationId-000000000001", versionId: "1", tagsAll: inputs.tags ?? {} } };
    };
    return {
      signingName: "firehose",
      protocol: "json",
      resources: { [TYPE]: { inputs: INPUTS.names, check: (inputs) => INPUTS.check(inputs), create } },
      operations: {},
      workers,
    };
  };
}

/** Firehose that reads each shard twice a second. */
export const firehose: ServiceFactory = makeFirehose();
