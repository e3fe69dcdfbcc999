import type { Cloud, Json, Operation, Service, ServiceFactory } from "../service";
import { Schedules, type Schedule } from "./schedules";
import { checkSchedule, INPUTS } from "./settings";

/** How the local EventBridge Scheduler behaves. */
export interface SchedulerOptions {
  /** Real milliseconds between two looks at the clock. @default 1000 */
  pollMs?: number;
}

/**
 * EventBridge Scheduler: schedules that start state machines, in real time whatever the cloud's scale. A flexible window
 * is used at its very beginning.
 */
export function makeScheduler({ pollMs = 1000 }: SchedulerOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const schedules = new Schedules(cloud, pollMs);
    return {
      signingName: "scheduler",
      protocol: "restJson",
      resources: {
        "aws:scheduler/schedule:Schedule": {
          inputs: INPUTS,
          check: checkSchedule,
          create: async (inputs, urn) => {
            const { arn, settings } = await schedules.create(inputs, urn);
            const { name, groupName } = settings;
            return { id: `${groupName}/${name}`, state: { arn, name, groupName } };
          },
        },
      },
      operations: { "GET /schedules/{Name}": getSchedule(schedules) },
      workers: [schedules],
      restore: () => schedules.restore(),
    };
  };
}

/** EventBridge Scheduler that looks at the clock every second. */
export const scheduler: ServiceFactory = makeScheduler();

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html */
function getSchedule(schedules: Schedules): Operation {
  return {
    query: ["groupName"],
    permissions: ({ Name, groupName = "default" }) => [
      { action: "scheduler:GetSchedule", resource: schedules.arn({ groupName: String(groupName), name: String(Name) }) },
    ],
    run: async ({ Name }) => ({ output: described(schedules.find(String(Name))) }),
  };
}

function described({ arn, createdAt, settings }: Schedule): Json {
  const { name, groupName, target, flexibleTimeWindow, ...rest } = settings;
  const { retryPolicy, ...called } = target;
  return {
    Arn: arn,
    Name: name,
    GroupName: groupName,
    CreationDate: createdAt / 1000,
    LastModificationDate: createdAt / 1000,
    ActionAfterCompletion: "NONE",
    FlexibleTimeWindow: upper(flexibleTimeWindow),
    Target: { ...upper(called), RetryPolicy: upper({ ...retryPolicy }) },
    ...upper(rest),
  };
}

const upper = (members: Json): Json =>
  Object.fromEntries(Object.entries(members).map(([key, value]) => [key[0].toUpperCase() + key.slice(1), value]));
