import { InteractionExport } from "../../components/interactionExport";
import type { Policy } from "../../components/policies";
import { deploy, SCOPE } from "./pulumiMocks";
import { archiveFiles } from "./serialize";
import { COLUMNS } from "./exportParts";

/** Physical names of the buckets that the functions work on. */
export const BUCKETS = {
  upstream: "acme-c360-upstream-dev",
  lake: "acme-c360-lake-dev",
  downstream: "acme-c360-downstream-dev",
  infra: "acme-c360-infra-dev",
  cache: "acme-c360-cache-dev",
};

/** A function as the component registers it. */
export interface DeployedFunction {
  files: Record<string, string>;
  environment: Record<string, string>;
  policy: Policy;
}

let deployed: Promise<Record<"export" | "history", DeployedFunction>> | undefined;

/** The export's and the history's functions, with their role's policy. */
export function exportFunctions(): Promise<Record<"export" | "history", DeployedFunction>> {
  deployed ??= deploy(
    () =>
      new InteractionExport("e", {
        scope: SCOPE,
        buckets: BUCKETS,
        infra: BUCKETS.infra,
        keyPrefix: "",
        engine: "lambda",
        interactionColumns: COLUMNS.split(","),
        logRetentionDays: 14,
      }),
  ).then(({ get }) => {
    const one = (role: string): DeployedFunction => {
      const { code, environment } = get("aws:lambda/function:Function", `e-${role}-function`).inputs;
      const { variables } = environment as { variables: Record<string, string> };
      const { policy } = get("aws:iam/rolePolicy:RolePolicy", `e-${role}-role-policy`).inputs;
      return { files: archiveFiles(code), environment: variables, policy: policy as Policy };
    };
    return { export: one("export"), history: one("history") };
  });
  return deployed;
}
