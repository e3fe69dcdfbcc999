import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { interactionsSchema } from "./components/shared/interactions";
import { bucketName, isPersonal, ZONES } from "./components/shared/naming";
import type { TenantConfig } from "./config";

/**
 * Checks what must be true before anything is created.
 *
 * @throws RunError of one line when an adopted bucket does not exist, or when a protected dataset would be replaced
 */
export async function preflight(stage: string, tenants: readonly TenantConfig[]): Promise<void> {
  await requireAdoptedBuckets(
    stage,
    tenants.filter(({ lake }) => lake.lake === "existing"),
  );
  await refuseSchemaChanges(
    stage,
    tenants.filter(({ recommender }) => recommender.protect && !recommender.existing),
  );
}

/**
 * Looks adopted buckets up, so that an update stops before it creates anything when one does not exist. A preview looks up nothing.
 * A bucket that the credentials may not look up is no error: to adopt it takes no permission on it.
 */
async function requireAdoptedBuckets(stage: string, tenants: readonly Pick<TenantConfig, "name" | "buckets">[]): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const adopted = tenants.flatMap(({ name, buckets }) => ZONES.map((zone) => ({ tenant: name, zone, bucket: buckets[zone] })));
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

/** Outputs of the stack's last deployment that the check reads; an older program may not have written them. */
interface DeployedOutputs {
  tenants?: Record<string, { schemaName?: unknown; interactionColumns?: unknown } | undefined>;
}

/**
 * Refuses settings that would replace a protected dataset, in preview and update alike, by comparing them with the outputs of the last
 * deployment. Without outputs nothing is refused here; the resources' own protection still holds.
 */
async function refuseSchemaChanges(stage: string, tenants: readonly Pick<TenantConfig, "name" | "interactionColumns">[]): Promise<void> {
  if (tenants.length === 0) return;
  const deployed = (await deployedOutputs()).tenants;
  const changes = tenants.flatMap(({ name: tenant, interactionColumns }) => {
    const { schemaName, interactionColumns: columns } = deployed?.[tenant] ?? {};
    const wanted = interactionsSchema({ tenant, stage }, interactionColumns).name;
    if (typeof schemaName !== "string" || schemaName === wanted) return [];
    const before = Array.isArray(columns) ? `${columns.join(", ")} (schema ${schemaName})` : `schema ${schemaName}`;
    return [`of tenant ${tenant} would change from ${before} to ${interactionColumns.join(", ")} (schema ${wanted})`];
  });
  if (changes.length === 0) return;
  throw new pulumi.RunError(
    `recommender.interactionColumns ${changes.join(", and ")}: Personalize cannot change a schema, so the dataset ` +
      "would be replaced and every event lost that was streamed into it; keep the deployed columns, or set recommender.protect " +
      "to false to accept the loss",
  );
}

/**
 * Reads outputs by the engine's function behind stack references. A StackReference to the own stack would do the same as a resource,
 * but its failure cannot be caught: https://github.com/pulumi/pulumi/issues/3540
 */
async function deployedOutputs(): Promise<DeployedOutputs> {
  try {
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as { outputs?: DeployedOutputs };
    return outputs ?? {};
  } catch (error) {
    const [reason] = (error as Error).message.trim().split("\n");
    await pulumi.log.warn(`cannot tell whether the schema would change, because the last deployment's outputs cannot be read: ${reason}`);
    return {};
  }
}
