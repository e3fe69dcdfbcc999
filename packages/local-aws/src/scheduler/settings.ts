import { count, members, oneOf, text, type Shape } from "../s3/shapes";
import type { Json } from "../service";
import { readExpression } from "./expression";

/** A schedule with the service's defaults filled in. */
export interface Settings {
  name: string;
  groupName: string;
  description?: string;
  state: string;
  scheduleExpression: string;
  scheduleExpressionTimezone: string;
  flexibleTimeWindow: { mode: string; maximumWindowInMinutes?: number };
  target: { arn: string; roleArn: string; input?: string; retryPolicy: RetryPolicy };
}

export interface RetryPolicy {
  maximumRetryAttempts: number;
  maximumEventAgeInSeconds: number;
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html */
const RETRIES: RetryPolicy = { maximumRetryAttempts: 185, maximumEventAgeInSeconds: 86_400 };
/** Words of an input that are replaced; AWS knows more. */
export const WORDS = ["<aws.scheduler.scheduled-time>", "<aws.scheduler.execution-id>"];

const like =
  (pattern: RegExp, rule: string): Shape =>
  (value, path) => {
    if (typeof value !== "string" || !pattern.test(value)) throw new Error(`${path} must be ${rule}, got ${String(value)}`);
  };
const within =
  (least: number, most: number): Shape =>
  (value, path) => {
    count(least)(value, path);
    if (Number(value) > most) throw new Error(`${path} must be at most ${most}, got ${String(value)}`);
  };
const refused =
  (why: string): Shape =>
  (value, path) => {
    throw new Error(`${path} must be absent in the local cloud, which has no ${why}, got ${JSON.stringify(value)}`);
  };

/** Members that are known: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
const SHAPES: Record<string, Shape> = {
  name: like(/^[\w.-]{1,64}$/, "1 to 64 of a-z, A-Z, 0-9, ., _ and -"),
  groupName: like(/^default$/, "default in the local cloud"),
  description: text,
  state: oneOf("ENABLED", "DISABLED"),
  scheduleExpression: text,
  scheduleExpressionTimezone: text,
  flexibleTimeWindow: members({ mode: oneOf("OFF", "FLEXIBLE"), maximumWindowInMinutes: within(1, 1440) }),
  target: members({
    arn: like(/^arn:aws[a-z-]*:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/, "the ARN of a state machine in the local cloud"),
    roleArn: text,
    input: checkInput,
    retryPolicy: members({ maximumRetryAttempts: within(0, 185), maximumEventAgeInSeconds: within(60, 86_400) }),
    deadLetterConfig: refused("queues"),
  }),
};

export const INPUTS = Object.keys(SHAPES);

/**
 * Refuses what the service or this stand-in would not take.
 *
 * @throws Error naming schedule, key, rule and value
 */
export function checkSchedule(inputs: Json): void {
  const title = `Schedule${typeof inputs.name === "string" ? ` "${inputs.name}"` : ""}`;
  members(SHAPES)(inputs, title);
  const { scheduleExpression, scheduleExpressionTimezone: zone = "UTC", flexibleTimeWindow } = inputs as Partial<Settings>;
  checkZone(zone, title);
  const { mode, maximumWindowInMinutes: window } = flexibleTimeWindow ?? {};
  if (mode !== undefined && (mode === "FLEXIBLE") !== (window !== undefined)) {
    throw new Error(`${title}.flexibleTimeWindow.maximumWindowInMinutes must be there when mode is FLEXIBLE and only then, got ${window}`);
  }
  if (scheduleExpression === undefined) return;
  try {
    readExpression(scheduleExpression, zone, 0);
  } catch (error) {
    throw new Error(`${title}.scheduleExpression: ${(error as Error).message}`);
  }
}

/** Inputs that were checked, with defaults. */
export function settingsOf(inputs: Json): Settings {
  const { target, ...given } = inputs as Partial<Settings> &
    Pick<Settings, "name" | "scheduleExpression" | "flexibleTimeWindow" | "target">;
  const retryPolicy = { ...RETRIES, ...target.retryPolicy };
  return { groupName: "default", state: "ENABLED", scheduleExpressionTimezone: "UTC", ...given, target: { ...target, retryPolicy } };
}

function checkZone(zone: string, title: string): void {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
  } catch {
    throw new Error(`${title}.scheduleExpressionTimezone must be a time zone as the IANA names it, got ${zone}`);
  }
}

function checkInput(value: unknown, path: string): void {
  text(value, path);
  const unknown = String(value)
    .match(/<aws\.scheduler\.[^>]*>?/g)
    ?.find((word) => !WORDS.includes(word));
  if (unknown !== undefined) throw new Error(`${path}: the local cloud does not know ${unknown}`);
  try {
    JSON.parse(String(value));
  } catch (error) {
    throw new Error(`${path} must be JSON: ${(error as Error).message}`);
  }
}
