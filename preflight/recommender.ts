import * as pulumi from "@pulumi/pulumi";
import { interactionsSchema } from "../components/shared/interactions";
import { stageDefaults } from "../config/stages";
import { type Change, type Finding, refusal, warning } from "./deployed";

const LOSS = "every event that was streamed into it is lost";
const UNPROTECT = "first recommender.protect: false alone";

/**
 * Checks a change of the schema, which replaces the dataset, and a change to a recommender that was created by hand, which deletes the
 * stack's own.
 *
 * The engine looks at a resource's protection in the state when it is deleted, or when what it depends on is replaced, so protection
 * must be off before that update: https://github.com/pulumi/pulumi/issues/15776
 */
export function checkRecommender({ stage, tenant, last }: Change): Finding[] {
  const { name, interactionColumns, recommender } = tenant;
  const { schemaName, interactionColumns: columns, campaignArn } = last;
  if (schemaName === undefined) return [];
  const isProtected = last.recommenderProtected ?? stageDefaults(stage).protect;
  const teardown = `npm run teardown -- --stack ${pulumi.getStack()} --tenant ${name}`;
  if (recommender.existing) {
    const adoption = `tenant ${name} would adopt another recommender: the dataset group that the stack created is deleted, and ${LOSS}`;
    if (!isProtected) return [warning(`${adoption}; a solution keeps its dataset group, so run ${teardown} first`)];
    const inTwo = `accept the loss in two updates: ${UNPROTECT}, then ${teardown}, then recommender.existing`;
    return [refusal(`${adoption}; remove recommender.existing, or ${inTwo}`)];
  }
  const wanted = interactionsSchema({ tenant: name, stage }, interactionColumns).name;
  if (schemaName === wanted) return [];

  const before = columns === undefined ? `schema ${schemaName}` : `${columns.join(", ")} (schema ${schemaName})`;
  const change = `recommender.interactionColumns of tenant ${name} would change from ${before} to ${interactionColumns.join(", ")} (schema ${wanted})`;
  const replaced = `Personalize cannot change a schema, so the dataset is replaced and ${LOSS}`;
  if (!isProtected && !recommender.protect) {
    return campaignArn === undefined ? [] : [warning(`${change}: ${replaced}; a campaign keeps its dataset, so run ${teardown} first`)];
  }
  const steps = [UNPROTECT, ...(campaignArn === undefined ? [] : [`then ${teardown}`]), "then the new columns"];
  const accept = isProtected ? `accept the loss in two updates: ${steps.join(", ")}` : "leave recommender.protect at false for this update";
  return [refusal(`${change}: ${replaced}; keep the deployed columns, or ${accept}`)];
}
