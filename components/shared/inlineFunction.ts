import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { LambdaCode } from "./lambdaCode";

export interface InlineFunctionArgs {
  /** Physical name. */
  functionName: string;
  code: LambdaCode;
  role: aws.iam.Role;
  logGroup: aws.cloudwatch.LogGroup;
  memoryMiB: number;
  timeoutSeconds: number;
  /** Concurrent invocations set aside for, and allowed to, this function. @default the account's shared pool */
  reservedConcurrency?: number;
  /** The only way for values to reach the code. */
  environment: Record<string, pulumi.Input<string>>;
  tags: Record<string, string>;
}

/** A Lambda function from code of this repository: one file in its archive, a pinned runtime, JSON logs, traces. */
export function inlineFunction(name: string, args: InlineFunctionArgs, opts: pulumi.CustomResourceOptions): aws.lambda.Function {
  return new aws.lambda.Function(
    name,
    {
      name: args.functionName,
      code: args.code.archive,
      handler: args.code.handler,
      role: args.role.arn,
      runtime: "nodejs24.x",
      memorySize: args.memoryMiB,
      timeout: args.timeoutSeconds,
      reservedConcurrentExecutions: args.reservedConcurrency,
      environment: { variables: args.environment },
      tracingConfig: { mode: "Active" },
      loggingConfig: { logFormat: "JSON", logGroup: args.logGroup.name },
      tags: args.tags,
    },
    opts,
  );
}
