import { requireBuckets } from "./components/dataLake/adoptedBuckets";
import { keepDeployedSchemas } from "./components/recommender/deployedSchemas";
import type { TenantConfig } from "./config";

/**
 * Stops what can be known to go wrong before anything is made.
 *
 * @throws RunError of one line when an adopted bucket is missing, or when a protected dataset would be replaced
 */
export async function checkFirst(stage: string, tenants: TenantConfig[]): Promise<void> {
  const adopting = tenants.filter(({ lake }) => lake.lake === "existing");
  const keeping = tenants.filter(({ recommender }) => recommender.protectsDataset && !recommender.existing);
  await requireBuckets(
    stage,
    adopting.map(({ name, buckets }) => ({ tenant: name, buckets })),
  );
  await keepDeployedSchemas(
    keeping.map(({ name, recommender }) => ({ tenant: name, stage, interactionColumns: recommender.interactionColumns })),
  );
}
