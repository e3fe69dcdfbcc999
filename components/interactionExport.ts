import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { makeHandler as makeHistoryHandler } from "../functions/checkHistory/handler";
import { makeHandler as makeExportHandler } from "../functions/exportInteractions/handler";
import { inlineFunction } from "./inlineFunction";
import { arnsOf, cachePrefixes, eventPrefixes, inputKeys, physicalName, type Scope, tagsOf, type Zone } from "./naming";
import { exportPolicy, historyPolicy } from "./exportPolicies";
import { type Policy, trustPolicy } from "./policies";

export interface InteractionExportArgs {
  scope: Scope;
  /** Physical names of the lake's buckets. */
  buckets: Record<Zone, string>;
  /** Empty, or the stage and a slash. */
  keyPrefix: string;
  /** Columns of the CSV, in order. */
  interactionColumns: readonly string[];
  logRetentionDays: number;
}

/** An inline function with a role and a log group of its own. */
interface OwnFunction {
  /** What the function is for: part of every name. */
  role: string;
  factory: aws.lambda.CallbackFactory<never, unknown>;
  policy: (logGroup: string) => Policy;
  memoryMiB: number;
  environment: Record<string, string>;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LONGEST_SECONDS = 900;

/** The functions at both ends of the pipeline's queries: one looks at historical drops, one joins the parts to one CSV. */
export class InteractionExport extends pulumi.ComponentResource {
  /** ARNs, known at preview. */
  readonly functionArns: { history: string; export: string };
  /** Reads the first row of every historical drop. */
  readonly historyFunction: aws.lambda.Function;
  /** Joins the parts of a run to the input of Personalize. */
  readonly exportFunction: aws.lambda.Function;

  constructor(name: string, args: InteractionExportArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:export:InteractionExport", name, {}, opts);
    const { scope, buckets, keyPrefix } = args;
    const { input, manifest } = inputKeys(keyPrefix);
    const { parts, inflated } = cachePrefixes(keyPrefix);
    const { history } = eventPrefixes(keyPrefix);

    this.historyFunction = this.function(name, args, {
      role: "history",
      factory: () => makeHistoryHandler(),
      policy: (logGroup) => historyPolicy(scope, { bucket: buckets.upstream, keyPrefix, logGroup }),
      memoryMiB: 256,
      environment: { HISTORY_BUCKET: buckets.upstream, HISTORY_PREFIX: history },
    });
    this.exportFunction = this.function(name, args, {
      role: "export",
      factory: () => makeExportHandler(),
      policy: (logGroup) => exportPolicy(scope, { cache: buckets.cache, downstream: buckets.downstream, keyPrefix, logGroup }),
      memoryMiB: 1024,
      environment: {
        TARGET_BUCKET: buckets.downstream,
        TARGET_KEY: input,
        MANIFEST_KEY: manifest,
        COLUMNS: args.interactionColumns.join(","),
        HEADER: args.interactionColumns.join(","),
        PARTS_LOCATION: `s3://${buckets.cache}/${parts}`,
        WORK_LOCATION: `s3://${buckets.cache}/${inflated}`,
      },
    });

    const arnOf = (role: string) => arnsOf(scope).function(physicalName("function", scope, role));
    this.functionArns = { history: arnOf("history"), export: arnOf("export") };
    this.registerOutputs({ historyFunction: this.historyFunction.name, exportFunction: this.exportFunction.name });
  }

  private function(name: string, { scope, logRetentionDays }: InteractionExportArgs, own: OwnFunction): aws.lambda.Function {
    const tags = tagsOf(scope);
    const parent = { parent: this };
    const functionName = physicalName("function", scope, own.role);
    const logGroupName = `/aws/lambda/${functionName}`;
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-${own.role}-logs`,
      { name: logGroupName, retentionInDays: logRetentionDays, tags },
      parent,
    );
    const role = new aws.iam.Role(
      `${name}-${own.role}-role`,
      { name: physicalName("role", scope, own.role), assumeRolePolicy: trustPolicy("lambda.amazonaws.com"), tags },
      parent,
    );
    const rolePolicy = new aws.iam.RolePolicy(
      `${name}-${own.role}-role-policy`,
      { role: role.name, policy: own.policy(logGroupName) },
      parent,
    );
    return inlineFunction(
      `${name}-${own.role}-function`,
      {
        ...{ functionName, role, logGroup, tags, factory: own.factory, memoryMiB: own.memoryMiB, environment: own.environment },
        timeoutSeconds: LONGEST_SECONDS,
      },
      { ...parent, dependsOn: [rolePolicy] },
    );
  }
}
