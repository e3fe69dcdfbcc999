import { readFileSync } from "node:fs";
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export interface InlineFunctionArgs<E, R> {
  /** Physical name. */
  functionName: string;
  /** Runs once a container and returns the handler; may capture nothing but code. */
  factory: aws.lambda.CallbackFactory<E, R>;
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
export function inlineFunction<E, R>(
  name: string,
  args: InlineFunctionArgs<E, R>,
  opts: pulumi.CustomResourceOptions,
): aws.lambda.CallbackFunction<E, R> {
  return new aws.lambda.CallbackFunction(
    name,
    {
      name: args.functionName,
      callbackFactory: args.factory,
      codePathOptions: codePathOptions(),
      role: args.role,
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

/**
 * Keeps every package out of an archive: the Node.js runtimes carry SDK v3, and nothing else is used at run time.
 * Fresh at every call, because Pulumi changes the object that it is given.
 *
 * @param packageFile default: the one of the working directory, which Pulumi reads too
 * @throws Error when the file cannot be read
 */
export function codePathOptions(packageFile = "package.json"): { extraExcludePackages: string[] } {
  const { dependencies = {} } = JSON.parse(readFileSync(packageFile, "utf8")) as { dependencies?: Record<string, string> };
  return { extraExcludePackages: Object.keys(dependencies) };
}
