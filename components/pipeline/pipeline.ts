import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { DEFAULT_EVENT_TYPE, INTERACTION_COLUMNS } from "../shared/interactions";
import { physicalName } from "../shared/naming";
import { serviceRole } from "../shared/serviceRole";
import { type DefinitionArgs, pipelineDefinition } from "./definition";
import { pipelinePolicy, schedulePolicy, scheduleTrust, stateMachineTrust } from "./policies";

/** Arguments of the definition that have a default. */
type Optional = "interactionColumns" | "defaultEventType" | "streamedEvents" | "train" | "maxWaitHours" | "maxBadShare" | "maxShrink";

export interface PipelineArgs extends Omit<DefinitionArgs, Optional> {
  /** Columns of the CSV, in order. @default USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE */
  interactionColumns?: DefinitionArgs["interactionColumns"];
  /** Event type of rows that have none. @default interaction */
  defaultEventType?: string;
  /** Whether the CSV has the interactions that also came as events, which Personalize has already. @default include */
  streamedEvents?: DefinitionArgs["streamedEvents"];
  /** Whether a run trains: never, always, or when the newest solution version is about a week old. @default never */
  train?: DefinitionArgs["train"];
  /** Longest time in hours that an execution waits for the lock, and for each Personalize resource. @default 24 */
  maxWaitHours?: number;
  /** Share of the rows that come in, from 0 to 1, above which bad rows end a run. @default 0.1 */
  maxBadShare?: number;
  /** Share of its rows, from 0 to 1, above which the CSV must not shrink. @default 0.2 */
  maxShrink?: number;
  /**
   * `off`, or a schedule expression: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
   *
   * @default off
   */
  schedule?: string;
  /** IANA name of the schedule's time zone. @default UTC */
  timeZone?: string;
}

/** Flexible time window of the schedule. */
const WINDOW_MINUTES = 15;
/** Retries a failed start for up to an hour; the default is 185 times within a day. */
const RETRIES = { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 3600 };

/** The state machine that brings the lake's interactions to Personalize, and its schedule. */
export class Pipeline extends pulumi.ComponentResource {
  readonly stateMachine: aws.sfn.StateMachine;
  /** Undefined if the schedule is off. */
  readonly schedule?: aws.scheduler.Schedule;

  constructor(name: string, args: PipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:pipeline:Pipeline", name, args, opts);
    const { context, schedule = "off" } = args;
    const definitionArgs: DefinitionArgs = {
      ...args,
      interactionColumns: args.interactionColumns ?? INTERACTION_COLUMNS,
      defaultEventType: args.defaultEventType ?? DEFAULT_EVENT_TYPE,
      streamedEvents: args.streamedEvents ?? "include",
      train: args.train ?? "never",
      maxWaitHours: args.maxWaitHours ?? 24,
      maxBadShare: args.maxBadShare ?? 0.1,
      maxShrink: args.maxShrink ?? 0.2,
    };
    const { tags } = context;
    const parent = { parent: this };

    const stateMachineName = physicalName("stateMachine", context, "pipeline");
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: `/aws/vendedlogs/states/${stateMachineName}`, retentionInDays: context.logRetentionDays, tags },
      parent,
    );
    const { role, rolePolicy } = serviceRole(
      `${name}-role`,
      {
        context,
        purpose: "pipeline",
        trust: stateMachineTrust(context, stateMachineName),
        policy: pipelinePolicy({ ...definitionArgs, stateMachine: stateMachineName }),
      },
      parent,
    );
    this.stateMachine = new aws.sfn.StateMachine(
      `${name}-state-machine`,
      {
        name: stateMachineName,
        roleArn: role.arn,
        definition: JSON.stringify(pipelineDefinition(definitionArgs)),
        loggingConfiguration: { level: "ERROR", includeExecutionData: false, logDestination: pulumi.interpolate`${logGroup.arn}:*` },
        tracingConfiguration: { enabled: true },
        tags,
      },
      { ...parent, dependsOn: [rolePolicy] },
    );
    if (schedule !== "off") this.schedule = this.createSchedule(name, args, schedule);

    this.registerOutputs({ stateMachineArn: this.stateMachine.arn });
  }

  private createSchedule(name: string, { context, timeZone = "UTC" }: PipelineArgs, expression: string): aws.scheduler.Schedule {
    const parent = { parent: this };
    const stateMachineName = physicalName("stateMachine", context, "pipeline");
    const { role, rolePolicy } = serviceRole(
      `${name}-schedule-role`,
      { context, purpose: "schedule", trust: scheduleTrust(context), policy: schedulePolicy(context, stateMachineName) },
      parent,
    );
    return new aws.scheduler.Schedule(
      `${name}-schedule`,
      {
        name: physicalName("schedule", context, "pipeline"),
        scheduleExpression: expression,
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
