import type { InteractionExportArgs } from "../../components/interactionExport/interactionExport";
import { SCOPE } from "./pulumiMocks";

/** Of a personal stage, by the function. */
export const EXPORT_ARGS: InteractionExportArgs = {
  scope: SCOPE,
  buckets: { upstream: "up", lake: "lake", downstream: "down", infra: "infra", cache: "cache" },
  infra: "infra",
  keyPrefix: "alice/",
  interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"],
  engine: "lambda",
  logRetentionDays: 14,
};

/** Parts that somebody else leaves. */
export const EXPORT_SOURCE = { prefix: "crm/web/interactions/", header: "user,item,at" };
