import { DescribeStreamSummaryCommand, KinesisClient } from "@aws-sdk/client-kinesis";
import { PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import type { RunningCloud } from "@c360/local-aws";
import type { DeployedTenant } from "./deploy";

/** Who calls the cloud during a run. */
export interface Clients {
  /** The owner's view of the lake. */
  s3: S3Client;
  /** The owner's view of the pipeline. */
  sfn: SFNClient;
  /** The dashboards, which may do no more than the producers' policy allows. */
  kinesis: KinesisClient;
  /** The dashboards as consumers: they may just ask the campaign, where there is one. */
  runtime?: PersonalizeRuntimeClient;
}

/** Connects to a tenant's part of a cloud. */
export function connect({ cloud, owner }: RunningCloud, { producer, consumer }: Pick<DeployedTenant, "producer" | "consumer">): Clients {
  const settings = { endpoint: cloud.endpoint, region: cloud.region, credentials: owner.credentials };
  return {
    s3: new S3Client(settings),
    sfn: new SFNClient(settings),
    kinesis: new KinesisClient({ ...settings, credentials: producer }),
    ...(consumer && { runtime: new PersonalizeRuntimeClient({ ...settings, credentials: consumer }) }),
  };
}

/** Open shards of a stream, as its owner sees them. */
export async function countShards({ cloud, owner }: RunningCloud, streamName: string): Promise<number> {
  const client = new KinesisClient({ endpoint: cloud.endpoint, region: cloud.region, credentials: owner.credentials });
  try {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: streamName }));
    return StreamDescriptionSummary?.OpenShardCount ?? 1;
  } finally {
    client.destroy();
  }
}
