import type { InteractionExportArgs } from "../../components/interactionExport/interactionExport";
import { PERSONAL_CONTEXT } from "./pulumiMocks";

/** The export of a personal stage, by the function. */
export const EXPORT_ARGS: InteractionExportArgs = {
  context: PERSONAL_CONTEXT,
  interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"],
  engine: "lambda",
};

/** Parts of another pipeline. */
export const EXPORT_SOURCE = { prefix: "crm/web/interactions/", header: "user,item,at" };
