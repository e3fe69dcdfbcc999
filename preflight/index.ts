import * as pulumi from "@pulumi/pulumi";
import type { TenantConfig } from "../config";
import { requireAdoptedBuckets } from "./adoptedBuckets";
import { deployedTenants } from "./deployed";
import { checkLake } from "./lake";
import { checkRecommender } from "./recommender";
import { findRemovedTenants } from "./removedTenants";
import { checkStream } from "./stream";

/**
 * Checks what must be true before anything is created: adopted buckets exist, and the settings, compared with the outputs of the last
 * deployment, lose no data unsaid and ask for nothing that AWS or the engine refuses half-way. Without outputs nothing is compared; the
 * resources' own protection still holds.
 *
 * @throws RunError with one line for each problem
 */
export async function preflight(stage: string, region: string, tenants: readonly TenantConfig[]): Promise<void> {
  await requireAdoptedBuckets(stage, tenants);
  const deployed = await deployedTenants();
  const changes = tenants.flatMap((tenant) =>
    Object.hasOwn(deployed, tenant.name) ? { stage, region, tenant, last: deployed[tenant.name] } : [],
  );
  const streams = await Promise.all(changes.map(checkStream));
  const findings = [
    ...changes.flatMap((change, i) => [...checkLake(change), ...checkRecommender(change), ...streams[i]]),
    ...findRemovedTenants(
      stage,
      deployed,
      tenants.map(({ name }) => name),
    ),
  ];
  const lines = (kind: string) => findings.filter((finding) => finding.kind === kind).map(({ line }) => line);
  for (const line of lines("warning")) await pulumi.log.warn(line);
  const refused = lines("refusal");
  if (refused.length > 0) throw new pulumi.RunError(refused.join("\n"));
}
