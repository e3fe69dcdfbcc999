import type { Cloud, Json } from "../service";
import { ServiceError } from "../service";
import type { Catalog } from "./catalog";

const GET_BUCKET = "aws:s3/getBucket:getBucket";

/** What the provider tells of a bucket, whether the program made it or looks it up. */
export function bucketAttributes({ region }: Cloud, bucket: string): Json {
  return {
    bucket,
    region,
    arn: `arn:aws:s3:::${bucket}`,
    id: bucket,
    bucketDomainName: `${bucket}.s3.amazonaws.com`,
    bucketRegion: region,
    bucketRegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
  };
}

/** Functions of programs; an absent bucket is told in the provider's words. */
export function bucketInvokes(cloud: Cloud, catalog: Catalog): Record<string, (inputs: Json) => Json> {
  return {
    [GET_BUCKET]: ({ bucket, region = cloud.region, ...others }) => {
      const [unknown] = Object.keys(others);
      if (unknown !== undefined) throw new Error(`the local cloud does not know the input ${unknown}`);
      if (typeof bucket !== "string") throw new Error(`bucket must be a bucket's name, got ${JSON.stringify(bucket)}`);
      if (region !== cloud.region) throw new Error(`region must be ${cloud.region}, got ${JSON.stringify(region)}`);
      if (!catalog.buckets.has(bucket)) throw new ServiceError("NotFound", `reading S3 Bucket (${bucket}): couldn't find resource`, 404);
      return bucketAttributes(cloud, bucket);
    },
  };
}
