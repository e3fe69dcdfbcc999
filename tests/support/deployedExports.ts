import type { ExportSource } from "../../components/interactionExport/exportLocations";
import { InteractionExport } from "../../components/interactionExport/interactionExport";
import type { Policy } from "../../components/shared/policies";
import type { Json } from "@c360/local-aws";
import { COLUMNS } from "./exportParts";
import { CONTEXT, deploy } from "./pulumiMocks";
import { archiveFiles } from "./serialize";

/** Physical names of the buckets. */
export const BUCKETS = CONTEXT.buckets;

/** A function as the component registers it. */
export interface DeployedFunction {
  files: Record<string, string>;
  environment: Record<string, string>;
  policy: Policy;
}

/** The Glue job as the component registers it. */
export interface DeployedJob {
  inputs: Json & { name: string; defaultArguments: Record<string, string> };
  policy: Policy;
  /** Paths of the script and its modules, by their keys in infra; the script's is the first. */
  files: Record<string, string>;
}

/** Deploys once per source. */
function perSource<T>(deployFor: (source?: ExportSource) => Promise<T>): (source?: ExportSource) => Promise<T> {
  const deployed = new Map<ExportSource | undefined, Promise<T>>();
  return (source) => {
    const found = deployed.get(source) ?? deployFor(source);
    deployed.set(source, found);
    return found;
  };
}

/**
 * The functions `export` and, if the parts are a query's, `history`, with the policies of their roles.
 *
 * @param source parts of another pipeline. @default those of a query
 */
export const exportFunctions = perSource(async (source): Promise<Record<string, DeployedFunction>> => {
  const { get } = await deploy(() => new InteractionExport("e", { context: CONTEXT, source, interactionColumns: COLUMNS.split(",") }));
  const one = (role: string): [string, DeployedFunction] => {
    const { code, environment } = get("aws:lambda/function:Function", `e-${role}-function`).inputs;
    const { variables } = environment as { variables: Record<string, string> };
    const { policy } = get("aws:iam/rolePolicy:RolePolicy", `e-${role}-role-policy`).inputs;
    return [role, { files: archiveFiles(code), environment: variables, policy: policy as Policy }];
  };
  return Object.fromEntries(source ? [one("export")] : [one("export"), one("history")]);
});

/** @param source parts of another pipeline. @default those of a query */
export const exportJob = perSource(async (source): Promise<DeployedJob> => {
  const args = { context: CONTEXT, interactionColumns: COLUMNS.split(","), engine: "glue", source } as const;
  const { get, resources } = await deploy(() => new InteractionExport("e", args));
  const objects = resources.filter(({ type }) => type === "aws:s3/bucketObjectv2:BucketObjectv2");
  return {
    inputs: get("aws:glue/job:Job", "e-export-job").inputs as DeployedJob["inputs"],
    policy: get("aws:iam/rolePolicy:RolePolicy", "e-export-role-policy").inputs.policy as Policy,
    files: Object.fromEntries(objects.map(({ inputs: { key, source: asset } }) => [String(key), String((asset as Json).path)])),
  };
});
