import type { Cloud, Json, Principal } from "../../service";

/** What a task has beside its arguments. */
export interface TaskCall {
  cloud: Cloud;
  /** The state machine's role. */
  principal: Principal;
  /** Aborts at the task's timeout and when the execution ends; the task stops what it started. */
  signal: AbortSignal;
  /** Records that a job was started (`.sync`). */
  submitted(output: unknown): void;
}

/** A service integration. It throws StateFailure, or the signal's reason. */
export interface Integration {
  /** As the history's events name it, for example `aws-sdk:glue`. */
  resourceType: string;
  /** For example `getPartition`. */
  resource: string;
  run(input: Json, call: TaskCall): Promise<unknown>;
}
