import type { ExportSource } from "../../components/interactionExport/exportLocations";
import { InteractionExport } from "../../components/interactionExport/interactionExport";
import type { Policy } from "../../components/shared/policies";
import { deploy, CONTEXT } from "./pulumiMocks";
import { archiveFiles } from "./serialize";
import { COLUMNS } from "./exportParts";

/** Physical names of the buckets that the functions work on. */
export const BUCKETS = CONTEXT.buckets;

/** A function as the component registers it. */
export interface DeployedFunction {
  files: Record<string, string>;
  environment: Record<string, string>;
  policy: Policy;
}

const deployed = new Map<ExportSource | undefined, Promise<Record<string, DeployedFunction>>>();

/**
 * The export's function, and the history's where the parts are a query's, with their role's policy.
 *
 * @param source parts of another pipeline; the same object is deployed once
 */
export function exportFunctions(source?: ExportSource): Promise<Record<string, DeployedFunction>> {
  const found = deployed.get(source) ?? deployFunctions(source);
  deployed.set(source, found);
  return found;
}

async function deployFunctions(source?: ExportSource): Promise<Record<string, DeployedFunction>> {
  const args = { context: CONTEXT, source, interactionColumns: COLUMNS.split(",") };
  const { get } = await deploy(() => new InteractionExport("e", args));
  const one = (role: string): [string, DeployedFunction] => {
    const { code, environment } = get("aws:lambda/function:Function", `e-${role}-function`).inputs;
    const { variables } = environment as { variables: Record<string, string> };
    const { policy } = get("aws:iam/rolePolicy:RolePolicy", `e-${role}-role-policy`).inputs;
    return [role, { files: archiveFiles(code), environment: variables, policy: policy as Policy }];
  };
  return Object.fromEntries(source ? [one("export")] : [one("export"), one("history")]);
}
