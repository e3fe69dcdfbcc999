import { z } from "zod";
import { autoName } from "../autoName";
import { inputsOf } from "../inputs";
import { ServiceError, type Cloud, type Service } from "../service";
import { checkExpression } from "./expression";

/** Placeholders of an input: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
const PLACEHOLDERS = ["schedule-arn", "scheduled-time", "execution-id", "attempt-number"].map((name) => `<aws.scheduler.${name}>`);

/** Inputs of a schedule: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
const SCHEDULE = inputsOf(
  z.strictObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,64}$/, "1 to 64 of a-z, A-Z, 0-9, ., _ and -")
      .optional(),
    groupName: z.literal("default", "default in the local cloud").optional(),
    description: z.string().max(512).optional(),
    state: z.enum(["ENABLED", "DISABLED"]).optional(),
    scheduleExpression: z.string(),
    scheduleExpressionTimezone: z.string().refine(isTimeZone, "an IANA time zone").optional(),
    flexibleTimeWindow: z.strictObject({
      mode: z.enum(["OFF", "FLEXIBLE"]),
      maximumWindowInMinutes: z.int().min(1).max(1440).optional(),
    }),
    target: z.strictObject({
      arn: z.string().regex(/^arn:aws[a-z-]*:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/, "the ARN of a state machine in the local cloud"),
      roleArn: z.string(),
      input: z.string().optional(),
      retryPolicy: z
        .strictObject({
          maximumRetryAttempts: z.int().min(0).max(185).optional(),
          maximumEventAgeInSeconds: z.int().min(60).max(86_400).optional(),
        })
        .optional(),
    }),
  }),
  ({ name }) => `Schedule${typeof name === "string" ? ` "${name}"` : ""}`,
  ({ scheduleExpression, flexibleTimeWindow, target }) => {
    if (scheduleExpression !== undefined) prefixed("scheduleExpression", () => checkExpression(scheduleExpression));
    const { mode, maximumWindowInMinutes: window } = flexibleTimeWindow ?? {};
    if (mode !== undefined && (mode === "FLEXIBLE") !== (window !== undefined)) {
      throw new Error(`flexibleTimeWindow.maximumWindowInMinutes must be given with mode FLEXIBLE and only then, got ${window}`);
    }
    const input = target?.input;
    if (input !== undefined) prefixed("target.input", () => checkInput(input));
  },
);

/** EventBridge Scheduler: checks schedules. They never fire: start the state machine instead. */
export function scheduler(cloud: Cloud): Service {
  const names = new Set<string>();
  const arnOf = (resource: string): string => `arn:aws:scheduler:${cloud.region}:${cloud.account}:${resource}`;
  return {
    signingName: "scheduler",
    protocol: "restJson",
    operations: {},
    resources: {
      "aws:scheduler/schedule:Schedule": {
        inputs: SCHEDULE.names,
        check: SCHEDULE.check,
        create: async (inputs, urn) => {
          const { name = autoName(urn), groupName = "default", target } = SCHEDULE.read(inputs);
          if (names.has(name)) throw new ServiceError("ConflictException", `Schedule ${name} already exists.`, 409);
          cloud.assume(target.roleArn, "scheduler.amazonaws.com", { "aws:SourceArn": arnOf(`schedule-group/${groupName}`) });
          names.add(name);
          return { id: `${groupName}/${name}`, state: { arn: arnOf(`schedule/${groupName}/${name}`), name, groupName } };
        },
      },
    },
  };
}

function prefixed(path: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function checkInput(input: string): void {
  const unknown = input.match(/<aws\.scheduler\.[^>]*>?/g)?.find((word) => !PLACEHOLDERS.includes(word));
  if (unknown !== undefined) throw new Error(`EventBridge Scheduler does not know ${unknown}`);
  try {
    JSON.parse(input);
  } catch (error) {
    throw new Error(`must be JSON: ${(error as Error).message}`, { cause: error });
  }
}
