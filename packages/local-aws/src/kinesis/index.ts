import type { Cloud, Service, ServiceFactory } from "../service";
import { describeOperations } from "./describe";
import { readOperations } from "./read";
import { streamInvokes, streamResource } from "./resource";
import { Streams } from "./stream";
import { writeOperations } from "./write";

/** Kinesis Data Streams: shards with AWS's limits in real time, records in memory. */
export const kinesis: ServiceFactory = (cloud: Cloud): Service => {
  const streams = new Streams(cloud);
  return {
    signingName: "kinesis",
    protocol: "json",
    resources: { "aws:kinesis/stream:Stream": streamResource(cloud, streams) },
    operations: {
      ...writeOperations(cloud, streams),
      ...readOperations(cloud, streams),
      ...describeOperations(streams),
    },
    invokes: streamInvokes(streams),
  };
};
