import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ExportLocations } from "./exportLocations";
import { exportJobPolicy } from "./exportPolicies";
import { jobLogGroups, physicalName } from "../shared/naming";
import { trustPolicy } from "../shared/policies";

export interface ExportJobArgs {
  places: ExportLocations;
  /** Name of the bucket that the script and its modules are put into; using it waits for the bucket. */
  infra: pulumi.Input<string>;
}

/** Minutes that a run of the job may take: four hours of two workers bound what a run that hangs can cost, and are far more than it needs. */
export const JOB_MINUTES = 240;

/** Where the parts of the pipeline's own query come from, as the script is told: the interactions table. */
const OWN_TABLE = "crm_derived_restricted/t200_dashboard_interaction/";

/** Where the script and its modules are in the repository. */
const FOLDER = "functions/glue";

/**
 * Joins the parts of a run to the input of Personalize: the engine `glue`.
 *
 * Its role trusts Glue without a condition on the source: the documentation names none that Glue fills in for a job, and a role can be
 * passed to jobs of its own account alone. There is no security configuration, for Glue would add its name to the log groups'.
 */
export function exportJob(name: string, args: ExportJobArgs, parent: pulumi.Resource): aws.glue.Job {
  const { places, infra } = args;
  const { context, script, modules } = places;
  const { tags, logRetentionDays } = context;
  const jobName = physicalName("job", context, "export");
  const { output, error } = jobLogGroups(jobName);
  const logGroup = (of: string, group: string) =>
    new aws.cloudwatch.LogGroup(`${name}-export-${of}-logs`, { name: group, retentionInDays: logRetentionDays, tags }, { parent });
  const logGroups = [logGroup("output", output), logGroup("error", error)];
  const role = new aws.iam.Role(
    `${name}-export-role`,
    { name: physicalName("role", context, "export"), assumeRolePolicy: trustPolicy("glue.amazonaws.com"), tags },
    { parent },
  );
  const rolePolicy = new aws.iam.RolePolicy(
    `${name}-export-role-policy`,
    { role: role.name, policy: exportJobPolicy(places, [output, error]) },
    { parent },
  );
  const files = [script, ...modules].map((key) => {
    const path = `${FOLDER}/${basename(key)}`;
    const sourceHash = createHash("sha256")
      .update(readFileSync(join(__dirname, "../..", path)))
      .digest("hex");
    const source = new pulumi.asset.FileAsset(path);
    const what = key === script ? "script" : basename(key, ".py").replace("export_", "module-");
    const inputs = { bucket: infra, key, contentType: "text/x-python", source, sourceHash, tags };
    return new aws.s3.BucketObjectv2(`${name}-export-${what}`, inputs, { parent });
  });
  return new aws.glue.Job(
    `${name}-export-job`,
    {
      name: jobName,
      roleArn: role.arn,
      command: { name: "glueetl", pythonVersion: "3", scriptLocation: `s3://${context.buckets.infra}/${script}` },
      glueVersion: "5.0",
      workerType: "G.1X",
      numberOfWorkers: 2,
      timeout: JOB_MINUTES,
      maxRetries: 0,
      executionProperty: { maxConcurrentRuns: 1 },
      defaultArguments: defaultArguments(places, jobName),
      tags,
    },
    { parent, dependsOn: [rolePolicy, ...files, ...logGroups] },
  );
}

/** What the script is told at every run. */
function defaultArguments({ context, ...places }: ExportLocations, jobName: string): Record<string, string> {
  const { buckets, stage, tenant } = context;
  const folders = (places.source ?? OWN_TABLE).split("/").slice(0, -1);
  return {
    "--stage": stage,
    "--tenant": tenant,
    "--dataset": folders.slice(0, -1).join("/"),
    "--table": folders[folders.length - 1],
    "--sink_zone": "downstream",
    "--sink_s3_key": places.input,
    "--manifest_s3_key": places.manifest,
    "--lake_bucket": buckets.lake,
    "--cache_bucket": buckets.cache,
    "--sink_bucket": buckets.downstream,
    "--columns": places.columns,
    "--header": places.header,
    "--parts_prefix": places.parts,
    "--work_prefix": places.work,
    "--extra-py-files": places.modules.map((key) => `s3://${buckets.infra}/${key}`).join(","),
    "--custom-logGroup-prefix": jobLogGroups(jobName).prefix,
  };
}
