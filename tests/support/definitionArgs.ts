import type { DefinitionArgs } from "../../components/pipelineDefinition";
import { SCOPE } from "./pulumiMocks";

const functionArn = (role: string): string => `arn:aws:lambda:${SCOPE.region}:${SCOPE.account}:function:${role}`;

/** A pipeline of a personal stage. */
export const DEFINITION_ARGS: DefinitionArgs = {
  scope: SCOPE,
  buckets: { upstream: "up", lake: "lake", downstream: "down", infra: "infra", cache: "cache" },
  keyPrefix: "alice/",
  database: "db",
  workgroup: "wg",
  functionArns: { history: functionArn("history"), export: functionArn("export") },
  interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
  defaultEventType: "interaction",
  engine: "lambda",
  streamedEvents: "include",
  maxWaitHours: 24,
};
