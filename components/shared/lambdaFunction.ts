import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { LambdaCode } from "./lambdaCode";
import { physicalName } from "./naming";
import { allow, ONLY_ON_STAR, policy, type Statement, trustPolicy } from "./policies";
import { serviceRole } from "./serviceRole";
import { arnsOf, type TenantContext } from "./tenantContext";

export interface LambdaFunctionArgs {
  context: TenantContext;
  /** What the function is for: part of its physical name and of its role's. */
  purpose: string;
  code: LambdaCode;
  /** What the role allows beside writing logs and traces. */
  statements: Statement[];
  memoryMiB: number;
  timeoutSeconds: number;
  /** Concurrent invocations that are set aside for, and allowed to, this function. @default the account's shared pool */
  reservedConcurrency?: number;
  /** The only way for values to reach the code. */
  environment: Record<string, pulumi.Input<string>>;
}

/** A Lambda function from code of this repository with its role and log group: pinned runtime, JSON logs, traces. */
export class LambdaFunction extends pulumi.ComponentResource {
  static readonly type = "c360:shared:LambdaFunction";

  readonly function: aws.lambda.Function;

  /**
   * @param opts `parent`: the component that uses the function. In stacks deployed before this component existed it is the parent of
   * log group, role and function itself, so these have it as an alias and are not replaced.
   */
  constructor(name: string, args: LambdaFunctionArgs, opts: pulumi.ComponentResourceOptions & { parent: pulumi.Resource }) {
    const { code, ...shown } = args;
    super(LambdaFunction.type, name, shown, opts);
    const { context, purpose } = args;
    const { tags } = context;
    const child = { parent: this, aliases: [{ parent: opts.parent }] };

    const functionName = physicalName("function", context, purpose);
    const logGroupName = `/aws/lambda/${functionName}`;
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: logGroupName, retentionInDays: context.logRetentionDays, tags },
      child,
    );
    const { role, rolePolicy } = serviceRole(
      `${name}-role`,
      {
        context,
        purpose,
        trust: trustPolicy("lambda.amazonaws.com"),
        policy: policy(
          ...args.statements,
          allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], arnsOf(context).logStreams(logGroupName)),
          allow("Trace", ONLY_ON_STAR.xray, "*"),
        ),
      },
      child,
    );
    this.function = new aws.lambda.Function(
      `${name}-function`,
      {
        name: functionName,
        code: code.archive,
        handler: code.handler,
        role: role.arn,
        runtime: "nodejs24.x",
        memorySize: args.memoryMiB,
        timeout: args.timeoutSeconds,
        reservedConcurrentExecutions: args.reservedConcurrency,
        environment: { variables: args.environment },
        tracingConfig: { mode: "Active" },
        loggingConfig: { logFormat: "JSON", logGroup: logGroup.name },
        tags,
      },
      { ...child, dependsOn: [rolePolicy] },
    );

    this.registerOutputs({ functionName: this.function.name });
  }
}
