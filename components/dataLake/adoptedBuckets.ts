import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { bucketName, isPersonal, type Zone, ZONES } from "../shared/naming";

/** A lake that is there already. */
export interface AdoptedLake {
  tenant: string;
  /** Physical names. */
  buckets: Record<Zone, string>;
}

/**
 * Looks adopted buckets up, so that an update stops before it makes anything when they are not there. A preview reads nothing.
 *
 * A bucket that these credentials may not look at is no error: to adopt it takes no permission on it.
 *
 * @throws RunError of one line, which names every bucket that does not exist
 */
export async function requireBuckets(stage: string, lakes: readonly AdoptedLake[]): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const adopted = lakes.flatMap(({ tenant, buckets }) => ZONES.map((zone) => ({ tenant, zone, bucket: buckets[zone] })));
  const exist = await Promise.all(adopted.map(({ bucket }) => exists(bucket)));
  const missing = adopted.filter((_, i) => !exist[i]);
  if (missing.length === 0) return;

  const ofDev = missing.some(({ tenant, zone, bucket }) => isPersonal(stage) && bucket === bucketName({ tenant, stage }, zone));
  const list = missing.map(({ tenant, zone, bucket }) => `${bucket} (tenant ${tenant}, zone ${zone})`).join(", ");
  const keys = ZONES.filter((zone) => missing.some((absent) => absent.zone === zone)).map((zone) => `buckets.${zone}`);
  throw new pulumi.RunError(
    `stage ${stage} adopts buckets that do not exist: ${list}; ` +
      `${ofDev ? "deploy the stage dev first" : "create them first"}, or name existing buckets in ${keys.join(", ")}`,
  );
}

/** What the provider says when HeadBucket answers 404: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
const ABSENT = /couldn't find resource|empty result|StatusCode: 404|NoSuchBucket/;

async function exists(bucket: string): Promise<boolean> {
  try {
    await aws.s3.getBucket({ bucket });
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (ABSENT.test(message)) return false;
    await pulumi.log.warn(
      `bucket ${bucket} is adopted unseen, because it cannot be looked at: ${message.trim().replace(/\s*\n\s*/g, " ")}`,
    );
    return true;
  }
}
