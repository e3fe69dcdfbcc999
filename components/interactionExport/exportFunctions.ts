import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { type ExportLocations, partsAddress } from "./exportLocations";
import { exportFunctionPolicy, historyPolicy } from "./exportPolicies";
import { inlineFunction } from "../shared/inlineFunction";
import { bundledCode } from "../shared/lambdaCode";
import { eventPrefixes, physicalName } from "../shared/naming";
import { type Policy, trustPolicy } from "../shared/policies";
import type { TenantContext } from "../shared/tenantContext";

/** A bundled function with a role and a log group of its own. */
interface OwnFunction {
  /** What the function is for: part of every name. */
  role: string;
  /** Path from the root of the repository of the module that exports the handler. */
  entry: string;
  policy: (logGroup: string) => Policy;
  memoryMiB: number;
  environment: Record<string, string>;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const LONGEST_SECONDS = 900;

const MEMORY_MIB = 1024;
/** A whole vCPU, and room for the ids of a source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const COUNTING_MEMORY_MIB = 1769;

/** Reads the first row of every historical drop. */
export function historyFunction(name: string, context: TenantContext, parent: pulumi.Resource): aws.lambda.Function {
  return ownFunction(name, context, parent, {
    role: "history",
    entry: "functions/checkHistory/index.ts",
    policy: (logGroup) => historyPolicy(context, logGroup),
    memoryMiB: 256,
    environment: { HISTORY_BUCKET: context.buckets.upstream, HISTORY_PREFIX: eventPrefixes(context.keyPrefix).history },
  });
}

/** Joins the parts of a run to the input of Personalize: the engine `lambda`. */
export function exportFunction(name: string, places: ExportLocations, parent: pulumi.Resource): aws.lambda.Function {
  const { context, input, manifest, columns, header, work } = places;
  const { buckets } = context;
  return ownFunction(name, context, parent, {
    role: "export",
    entry: "functions/exportInteractions/index.ts",
    policy: (logGroup) => exportFunctionPolicy(places, logGroup),
    memoryMiB: places.source === undefined ? MEMORY_MIB : COUNTING_MEMORY_MIB,
    environment: {
      TARGET_BUCKET: buckets.downstream,
      TARGET_KEY: input,
      MANIFEST_KEY: manifest,
      COLUMNS: columns,
      HEADER: header,
      PARTS_LOCATION: partsAddress(places),
      WORK_LOCATION: `s3://${buckets.cache}/${work}`,
    },
  });
}

function ownFunction(name: string, context: TenantContext, parent: pulumi.Resource, own: OwnFunction): aws.lambda.Function {
  const { tags, logRetentionDays } = context;
  const functionName = physicalName("function", context, own.role);
  const logGroupName = `/aws/lambda/${functionName}`;
  const logGroup = new aws.cloudwatch.LogGroup(
    `${name}-${own.role}-logs`,
    { name: logGroupName, retentionInDays: logRetentionDays, tags },
    { parent },
  );
  const role = new aws.iam.Role(
    `${name}-${own.role}-role`,
    { name: physicalName("role", context, own.role), assumeRolePolicy: trustPolicy("lambda.amazonaws.com"), tags },
    { parent },
  );
  const rolePolicy = new aws.iam.RolePolicy(
    `${name}-${own.role}-role-policy`,
    { role: role.name, policy: own.policy(logGroupName) },
    { parent },
  );
  return inlineFunction(
    `${name}-${own.role}-function`,
    {
      ...{ functionName, role, logGroup, tags, code: bundledCode(own.entry), memoryMiB: own.memoryMiB, environment: own.environment },
      timeoutSeconds: LONGEST_SECONDS,
    },
    { parent, dependsOn: [rolePolicy] },
  );
}
