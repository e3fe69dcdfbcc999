import type { ExportSource } from "../../components/interactionExport/exportLocations";
import { InteractionExport } from "../../components/interactionExport/interactionExport";
import type { Policy } from "../../components/shared/policies";
import type { Json } from "@c360/local-aws";
import { COLUMNS } from "./exportParts";
import { deploy, CONTEXT } from "./pulumiMocks";

/** The export's Glue job as the component registers it. */
export interface DeployedJob {
  inputs: Json & { name: string; defaultArguments: Record<string, string> };
  policy: Policy;
  /** Paths of the script and its modules, by their keys in infra. */
  files: Record<string, string>;
}

const deployed = new Map<ExportSource | undefined, Promise<DeployedJob>>();

/** @param source parts of another pipeline; the same object is deployed once */
export function exportJobOf(source?: ExportSource): Promise<DeployedJob> {
  const found = deployed.get(source) ?? deployJob(source);
  deployed.set(source, found);
  return found;
}

async function deployJob(source?: ExportSource): Promise<DeployedJob> {
  const args = { context: CONTEXT, interactionColumns: COLUMNS.split(",") };
  const { get, resources } = await deploy(() => new InteractionExport("e", { ...args, engine: "glue", source }));
  const objects = resources.filter(({ type }) => type === "aws:s3/bucketObjectv2:BucketObjectv2");
  return {
    inputs: get("aws:glue/job:Job", "e-export-job").inputs as DeployedJob["inputs"],
    policy: get("aws:iam/rolePolicy:RolePolicy", "e-export-role-policy").inputs.policy as Policy,
    files: Object.fromEntries(objects.map(({ inputs: { key, source: asset } }) => [String(key), String((asset as Json).path)])),
  };
}
