import type { DefinitionArgs } from "../../components/pipeline/definition";
import type { Exporter, PartsOrigin } from "../../components/interactionExport/exportLocations";
import { recommenderResources } from "../../components/recommender/recommenderResources";
import { CONTEXT, PERSONAL_CONTEXT } from "./pulumiMocks";

const functionArn = (role: string): string => `arn:aws:lambda:${CONTEXT.region}:${CONTEXT.account}:function:${role}`;

/** Exporters by engine. */
export const EXPORTERS: Record<Exporter["engine"], Exporter> = {
  lambda: { engine: "lambda", functionArn: functionArn("export") },
  glue: { engine: "glue", jobName: "export-job", timeoutMinutes: 90 },
};
/** Origins of the parts. */
export const PARTS: Record<"query" | "source", PartsOrigin> = {
  query: { historyFunctionArn: functionArn("history") },
  source: { sourcePrefix: "crm/interactions/" },
};

/** A recommender with a campaign, and one without. */
export const [DEPLOYED, TRAINED_ALONE] = [true, false].map((campaign) =>
  recommenderResources({ context: CONTEXT, recipe: "aws-user-personalization-v2", campaign, minProvisionedTps: 1 }),
);

/** A recommender whose first version must beat a baseline. */
export const WITH_BASELINE = recommenderResources({ context: CONTEXT, campaign: true, requireBaseline: true });

/** Arguments of a personal stage's pipeline with every optional part. */
export const DEFINITION_ARGS: DefinitionArgs = {
  context: PERSONAL_CONTEXT,
  database: "db",
  workgroup: "wg",
  exporter: EXPORTERS.lambda,
  parts: PARTS.query,
  interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
  defaultEventType: "interaction",
  streamedEvents: "include",
  recommender: DEPLOYED,
  noticesTopicArn: `arn:aws:sns:${CONTEXT.region}:${CONTEXT.account}:notices`,
  train: "afterExport",
  maxWaitHours: 24,
  maxBadShare: 0.1,
  maxShrink: 0.2,
};
