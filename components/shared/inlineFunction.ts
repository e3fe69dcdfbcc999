import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface InlineFunctionArgs<E, R> {
  /** Physical name. */
  functionName: string;
  /** Runs once a container and returns the handler; may capture nothing but code. One object is serialized once a program. */
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

/** Kept by factory, for tenants share their code and serializing a factory takes up to a second. */
const serialized = new WeakMap<object, Promise<pulumi.runtime.SerializedFunction>>();

/**
 * A Lambda function from code of this repository: one file in its archive, a pinned runtime, JSON logs, traces. It is what
 * `aws.lambda.CallbackFunction` makes of a `callbackFactory`, but for packages: the Node.js runtimes carry SDK v3, and
 * nothing else is used at run time.
 */
export function inlineFunction<E, R>(
  name: string,
  args: InlineFunctionArgs<E, R>,
  opts: pulumi.CustomResourceOptions,
): aws.lambda.Function {
  return new aws.lambda.Function(
    name,
    {
      name: args.functionName,
      code: archiveOf(args.factory),
      handler: "__index.handler",
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

async function archiveOf<E, R>(factory: aws.lambda.CallbackFactory<E, R>): Promise<pulumi.asset.AssetArchive> {
  const known = serialized.get(factory) ?? pulumi.runtime.serializeFunction(factory, { exportName: "handler", isFactoryFunction: true });
  serialized.set(factory, known);
  return new pulumi.asset.AssetArchive({ "__index.js": new pulumi.asset.StringAsset((await known).text) });
}
