import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { bucketName, isPersonal, ZONES } from "../components/shared/naming";
import type { TenantConfig } from "../config";

/**
 * Looks adopted buckets up, so that an update stops before it creates anything when one does not exist. A preview looks up nothing.
 * A bucket that the credentials may not look up is no error: to adopt it takes no permission on it.
 *
 * @throws RunError of one line that names every bucket that does not exist
 */
export async function requireAdoptedBuckets(stage: string, tenants: readonly TenantConfig[]): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const adopted = tenants
    .filter(({ lake }) => lake.lake === "existing")
    .flatMap(({ name, buckets }) => ZONES.map((zone) => ({ tenant: name, zone, bucket: buckets[zone] })));
  const exist = await Promise.all(adopted.map(({ bucket }) => bucketExists(bucket)));
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

/** The provider's messages when HeadBucket answers 404: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
const NOT_FOUND = /couldn't find resource|empty result|StatusCode: 404|NoSuchBucket/;

async function bucketExists(bucket: string): Promise<boolean> {
  try {
    await aws.s3.getBucket({ bucket });
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (NOT_FOUND.test(message)) return false;
    const reason = message.trim().replace(/\s*\n\s*/g, " ");
    await pulumi.log.warn(`bucket ${bucket} is adopted without a check, because it cannot be looked up: ${reason}`);
    return true;
  }
}
