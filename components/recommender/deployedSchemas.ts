import * as pulumi from "@pulumi/pulumi";
import { interactionsSchema } from "./interactionsSchema";
import type { Owner } from "../shared/naming";

/** A tenant whose dataset must not be replaced. */
export interface ProtectedDataset extends Owner {
  /** Columns that the settings now ask for. */
  interactionColumns: readonly string[];
}

/** The stack's outputs of the last deployment, as far as it had them. */
interface Deployed {
  tenants?: Record<string, { schemaName?: unknown; interactionColumns?: unknown } | undefined>;
}

/**
 * Refuses settings that would replace a protected dataset, in preview and update alike, by what the last deployment left as outputs.
 * Without outputs nothing is refused: the resources' own protection still holds.
 *
 * @throws RunError of one line, which names tenants, columns and schemas, and what to do
 */
export async function keepDeployedSchemas(datasets: readonly ProtectedDataset[]): Promise<void> {
  if (datasets.length === 0) return;
  const { tenants } = await deployedOutputs();
  const changes = datasets.flatMap(({ tenant, stage, interactionColumns }) => {
    const { schemaName, interactionColumns: columns } = tenants?.[tenant] ?? {};
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
 * The engine's function behind stack references. A StackReference to the own stack would do the same as a resource,
 * but its failure cannot be caught: https://github.com/pulumi/pulumi/issues/3540
 */
async function deployedOutputs(): Promise<Deployed> {
  try {
    const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const { outputs } = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as { outputs?: Deployed };
    return outputs ?? {};
  } catch (error) {
    const [reason] = (error as Error).message.trim().split("\n");
    await pulumi.log.warn(`whether the schema would change cannot be told, for the last deployment's outputs cannot be read: ${reason}`);
    return {};
  }
}
