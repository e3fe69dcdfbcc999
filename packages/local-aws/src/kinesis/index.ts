import type { Cloud, Service, ServiceFactory } from "../service";
import { describeOperations } from "./describe";
import { readOperations } from "./read";
import { Resharding, reshardOperations } from "./reshard";
import { streamResource } from "./resource";
import { Streams, type LoggedRecord, type StreamSettings } from "./streams";
import { writeOperations } from "./write";

/** Kinesis Data Streams: shards with AWS's limits in real time, records in memory and in a log. */
export const kinesis: ServiceFactory = (cloud: Cloud): Service => {
  const streams = new Streams(cloud);
  const resharding = new Resharding(cloud);
  return {
    signingName: "kinesis",
    protocol: "json",
    resources: { "aws:kinesis/stream:Stream": streamResource(cloud, streams) },
    operations: {
      ...writeOperations(cloud, streams),
      ...readOperations(cloud, streams),
      ...describeOperations(cloud, streams),
      ...reshardOperations(cloud, streams, resharding),
    },
    restore: () => restore(cloud, streams, resharding),
    close: async () => resharding.close(),
  };
};

async function restore(cloud: Cloud, streams: Streams, resharding: Resharding): Promise<void> {
  const store = cloud.store("kinesis");
  for await (const settings of store.replay("streams")) streams.add(settings as unknown as StreamSettings);
  await resharding.restore(streams);
  for await (const entry of store.replay("records")) {
    const { shards } = streams.get(entry.stream as string);
    for (const [shard, partitionKey, data] of entry.records as LoggedRecord[]) {
      shards[shard].publish(shards[shard].append(partitionKey, data, entry.at as number));
    }
  }
}
