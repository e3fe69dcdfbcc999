import type { Json } from "../service";

/** The supported state types. Map and Parallel are not supported. */
export type StateType = "Pass" | "Task" | "Choice" | "Wait" | "Succeed" | "Fail";

/** When to retry a task. */
export interface Retrier {
  ErrorEquals: string[];
  IntervalSeconds?: number;
  MaxAttempts?: number;
  BackoffRate?: number;
  MaxDelaySeconds?: number;
  JitterStrategy?: "FULL" | "NONE";
}

/** The next state after an error. */
export interface Catcher {
  ErrorEquals: string[];
  Next: string;
  Output?: unknown;
  Assign?: Json;
}

/** One rule of a Choice. */
export interface Rule {
  Condition: string | boolean;
  Next: string;
  Output?: unknown;
  Assign?: Json;
}

/** A state with the fields of its type. */
export interface State {
  Type: StateType;
  Next?: string;
  End?: boolean;
  Output?: unknown;
  Assign?: Json;
  Resource?: string;
  Arguments?: unknown;
  Retry?: Retrier[];
  Catch?: Catcher[];
  TimeoutSeconds?: number | string;
  Choices?: Rule[];
  Default?: string;
  Seconds?: number | string;
  Timestamp?: string;
  Error?: string;
  Cause?: string;
}

/** A state machine in the Amazon States Language, with JSONata. */
export interface Definition {
  StartAt: string;
  States: Record<string, State>;
  TimeoutSeconds?: number;
}

const COMMON = ["Type", "Comment", "QueryLanguage"];
const FLOW = ["Next", "End", "Output", "Assign"];
/** Fields by state type: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html */
export const STATE_FIELDS: Record<StateType, readonly string[]> = {
  Pass: [...COMMON, ...FLOW],
  Task: [...COMMON, ...FLOW, "Resource", "Arguments", "Retry", "Catch", "TimeoutSeconds"],
  Choice: [...COMMON, "Choices", "Default", "Output", "Assign"],
  Wait: [...COMMON, ...FLOW, "Seconds", "Timestamp"],
  Succeed: [...COMMON, "Output"],
  Fail: [...COMMON, "Error", "Cause"],
};
export const MACHINE_FIELDS: readonly string[] = ["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"];
export const RETRIER_FIELDS: readonly string[] = [
  "ErrorEquals",
  "IntervalSeconds",
  "MaxAttempts",
  "BackoffRate",
  "MaxDelaySeconds",
  "JitterStrategy",
  "Comment",
];
export const CATCHER_FIELDS: readonly string[] = ["ErrorEquals", "Next", "Output", "Assign", "Comment"];
export const RULE_FIELDS: readonly string[] = ["Condition", "Next", "Output", "Assign", "Comment"];

/** The states that may follow a state. */
export function targetsOf(state: State): string[] {
  const rules = (state.Choices ?? []).map(({ Next }) => Next);
  const catchers = (state.Catch ?? []).map(({ Next }) => Next);
  return [state.Next, state.Default, ...rules, ...catchers].filter((name) => name !== undefined);
}

/** Every Assign of a state: its own, its rules' and its catchers'. */
export function assignsOf(state: State): Json[] {
  return [state, ...(state.Choices ?? []), ...(state.Catch ?? [])].flatMap(({ Assign }) => (Assign === undefined ? [] : [Assign]));
}
