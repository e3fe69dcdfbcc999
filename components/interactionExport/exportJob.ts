import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { LambdaFunction } from "../shared/lambdaFunction";
import { jobLogGroups, physicalName } from "../shared/naming";
import { trustPolicy } from "../shared/policies";
import { serviceRole } from "../shared/serviceRole";
import type { ExportLocations } from "./exportLocations";
import { exportJobPolicy } from "./exportPolicies";

/** Timeout of the job in minutes. A run needs far less; four hours of two workers limit what a run that hangs can cost. */
export const JOB_MINUTES = 240;

/** Key prefix of the interactions table, from which the job takes the names of dataset and table. */
const OWN_TABLE = "crm_derived_restricted/t200_dashboard_interaction/";

/** Folder of the script and its modules in the repository. */
const FOLDER = "functions/glue";

/**
 * The Glue job that joins a run's parts into the CSV: the engine `glue`. Its children are `<name>-script`, `<name>-job` and so on.
 *
 * The role trusts Glue without a condition on the source: the documentation names no source that Glue fills in for a job, and a role
 * can be passed only to jobs of its own account. There is no security configuration, because Glue would add its name to the names of
 * the log groups.
 */
export function exportJob(name: string, locations: ExportLocations, parent: { parent: pulumi.Resource }): aws.glue.Job {
  const { context, script, modules } = locations;
  const { buckets, tags } = context;
  const jobName = physicalName("job", context, "export");
  const { output, error } = jobLogGroups(jobName);

  const logGroups = Object.entries({ output, error }).map(
    ([kind, logGroup]) =>
      new aws.cloudwatch.LogGroup(`${name}-${kind}-logs`, { name: logGroup, retentionInDays: context.logRetentionDays, tags }, parent),
  );
  const { role, rolePolicy } = serviceRole(
    `${name}-role`,
    { context, purpose: "export", trust: trustPolicy("glue.amazonaws.com"), policy: exportJobPolicy(locations, [output, error]) },
    // The engine lambda has a role of the same name, which is kept when a stack changes its engine.
    { ...parent, aliases: [{ parent: pulumi.createUrn(name, LambdaFunction.type, parent.parent) }] },
  );
  const files = [script, ...modules].map((key) => {
    const path = `${FOLDER}/${basename(key)}`;
    const purpose = key === script ? "script" : basename(key, ".py").replace("export_", "module-");
    return new aws.s3.BucketObjectv2(
      `${name}-${purpose}`,
      {
        bucket: buckets.infra,
        key,
        contentType: "text/x-python",
        source: new pulumi.asset.FileAsset(path),
        sourceHash: createHash("sha256")
          .update(readFileSync(join(__dirname, "../..", path)))
          .digest("hex"),
        tags,
      },
      parent,
    );
  });
  return new aws.glue.Job(
    `${name}-job`,
    {
      name: jobName,
      roleArn: role.arn,
      command: { name: "glueetl", pythonVersion: "3", scriptLocation: `s3://${buckets.infra}/${script}` },
      glueVersion: "5.0",
      workerType: "G.1X",
      numberOfWorkers: 2,
      timeout: JOB_MINUTES,
      maxRetries: 0,
      executionProperty: { maxConcurrentRuns: 1 },
      defaultArguments: defaultArguments(locations, jobName),
      tags,
    },
    { ...parent, dependsOn: [rolePolicy, ...files, ...logGroups] },
  );
}

/** Arguments that are the same in every run. */
function defaultArguments(locations: ExportLocations, jobName: string): Record<string, string> {
  const { buckets, stage, tenant } = locations.context;
  const folders = (locations.source ?? OWN_TABLE).split("/").slice(0, -1);
  return {
    "--stage": stage,
    "--tenant": tenant,
    "--dataset": folders.slice(0, -1).join("/"),
    "--table": folders[folders.length - 1],
    "--sink_zone": "downstream",
    "--sink_s3_key": locations.input,
    "--manifest_s3_key": locations.manifest,
    "--lake_bucket": buckets.lake,
    "--cache_bucket": buckets.cache,
    "--sink_bucket": buckets.downstream,
    "--columns": locations.columns,
    "--header": locations.header,
    "--parts_prefix": locations.parts,
    "--work_prefix": locations.work,
    "--extra-py-files": locations.modules.map((key) => `s3://${buckets.infra}/${key}`).join(","),
    "--custom-logGroup-prefix": jobLogGroups(jobName).prefix,
  };
}
