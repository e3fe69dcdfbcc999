import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { physicalName } from "../shared/naming";
import { type DefinitionArgs, pipelineDefinition } from "./definition";
import { pipelinePolicy, schedulePolicy, scheduleTrust, stateMachineTrust } from "./policies";

export interface PipelineArgs extends DefinitionArgs {
  /** `off`, or when the pipeline runs: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
  schedule: string;
  /** IANA time zone of the schedule, for example `Asia/Singapore`. */
  timeZone: string;
}

/** Flexible time window of the schedule. */
const WINDOW_MINUTES = 15;
/** Retries a failed start for up to an hour; the default is 185 times within a day. */
const RETRIES = { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 3600 };

/** The state machine that brings the lake's interactions to Personalize, and its schedule. */
export class Pipeline extends pulumi.ComponentResource {
  readonly stateMachine: aws.sfn.StateMachine;
  readonly role: aws.iam.Role;
  /** Undefined if the schedule is off. */
  readonly schedule?: aws.scheduler.Schedule;

  constructor(name: string, args: PipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:pipeline:Pipeline", name, {}, opts);
    const { context } = args;
    const { tags } = context;
    const parent = { parent: this };

    const stateMachineName = physicalName("stateMachine", context, "pipeline");
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: `/aws/vendedlogs/states/${stateMachineName}`, retentionInDays: context.logRetentionDays, tags },
      parent,
    );
    this.role = new aws.iam.Role(
      `${name}-role`,
      { name: physicalName("role", context, "pipeline"), assumeRolePolicy: stateMachineTrust(context, stateMachineName), tags },
      parent,
    );
    const rolePolicy = new aws.iam.RolePolicy(
      `${name}-role-policy`,
      { role: this.role.name, policy: pipelinePolicy({ ...args, stateMachine: stateMachineName }) },
      parent,
    );
    this.stateMachine = new aws.sfn.StateMachine(
      `${name}-state-machine`,
      {
        name: stateMachineName,
        roleArn: this.role.arn,
        definition: JSON.stringify(pipelineDefinition(args)),
        loggingConfiguration: { level: "ERROR", includeExecutionData: false, logDestination: pulumi.interpolate`${logGroup.arn}:*` },
        tracingConfiguration: { enabled: true },
        tags,
      },
      { ...parent, dependsOn: [rolePolicy] },
    );
    if (args.schedule !== "off") this.schedule = this.scheduled(name, args, stateMachineName);

    this.registerOutputs({ stateMachineArn: this.stateMachine.arn });
  }

  private scheduled(name: string, { context, schedule, timeZone }: PipelineArgs, stateMachineName: string): aws.scheduler.Schedule {
    const parent = { parent: this };
    const role = new aws.iam.Role(
      `${name}-schedule-role`,
      { name: physicalName("role", context, "schedule"), assumeRolePolicy: scheduleTrust(context), tags: context.tags },
      parent,
    );
    const rolePolicy = new aws.iam.RolePolicy(
      `${name}-schedule-role-policy`,
      { role: role.name, policy: schedulePolicy(context, stateMachineName) },
      parent,
    );
    return new aws.scheduler.Schedule(
      `${name}-schedule`,
      {
        name: physicalName("schedule", context, "pipeline"),
        scheduleExpression: schedule,
        scheduleExpressionTimezone: timeZone,
        flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: WINDOW_MINUTES },
        target: {
          arn: this.stateMachine.arn,
          roleArn: role.arn,
          input: JSON.stringify({ runKey: "<aws.scheduler.scheduled-time>" }),
          retryPolicy: RETRIES,
        },
      },
      { ...parent, dependsOn: [rolePolicy] },
    );
  }
}
