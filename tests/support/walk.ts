import type { Assign, Catcher, State, States } from "../../components/pipeline/states";
import { evaluateExpressions } from "@c360/local-aws";

/** Arguments of a task, evaluated. */
export type Arguments = Record<string, unknown>;

/** An error in which a task ends. */
export class TaskError extends Error {
  constructor(
    readonly error: string,
    readonly reason = `${error} happened`,
  ) {
    super(`${error}: ${reason}`);
  }
}

/** What a task gets: its arguments, how often its state was called before, and the time in epoch milliseconds. */
export type Respond = (given: Arguments, call: number, now: number) => unknown;

/** Where a walk starts, and how tasks respond. */
export interface WalkOptions {
  input?: unknown;
  /** Variables at the start. */
  variables?: Assign;
  /** Results by state; a function may throw a TaskError. */
  responses?: Record<string, Respond>;
  /** Epoch milliseconds at the start. @default {@link STARTED} */
  startedAt?: number;
  executionName?: string;
}

/** How a walk ended. */
export interface Walked {
  /** Output of the Succeed state. */
  output?: unknown;
  error?: string;
  cause?: string;
  /** In the order in which they were entered. */
  states: string[];
  variables: Assign;
  /** Arguments of every call, by state. */
  calls: Record<string, Arguments[]>;
  /** Seconds from the start to the end, by the walk's own clock. */
  seconds: number;
}

/** 1 February 2026, 02:20 UTC. */
export const STARTED = Date.UTC(2026, 1, 1, 2, 20);
export const MACHINE = "arn:aws:states:ap-southeast-1:123456789012:stateMachine:machine";
const MOST_STATES = 20_000;

interface Retrier {
  ErrorEquals: string[];
  MaxAttempts?: number;
  IntervalSeconds?: number;
  BackoffRate?: number;
}

/** ARN of the walk's execution. */
export const executionArn = (name = "execution"): string => `${MACHINE.replace("stateMachine", "execution")}:${name}`;

/**
 * Walks a state machine in this process: expressions are evaluated, waits pass at once, and tasks respond as the test says. Retries wait
 * without jitter.
 *
 * @throws Error naming a task without a response
 */
export async function walk({ StartAt, States: states }: { StartAt: string; States: States }, options: WalkOptions = {}): Promise<Walked> {
  return new Walk(states, options).from(StartAt);
}

class Walk {
  private readonly started: number;
  private readonly entered: string[] = [];
  private readonly calls: Record<string, Arguments[]> = {};
  private variables: Assign;
  private now: number;
  private name = "";
  private enteredAt = 0;

  constructor(
    private readonly states: States,
    private readonly options: WalkOptions,
  ) {
    this.variables = options.variables ?? {};
    this.started = this.now = options.startedAt ?? STARTED;
  }

  async from(first: string): Promise<Walked> {
    const ended = (end: Partial<Walked>): Walked => ({
      ...{ states: this.entered, variables: this.variables, calls: this.calls, seconds: (this.now - this.started) / 1000 },
      ...end,
    });
    for (let name = first; this.entered.length < MOST_STATES;) {
      const state = this.states[name];
      if (state === undefined) throw new Error(`there is no state ${name}`);
      this.entered.push((this.name = name));
      this.enteredAt = this.now;
      if (state.Type === "Succeed") return ended({ output: await this.evaluate(state.Output ?? {}) });
      if (state.Type === "Fail") return ended((await this.evaluate({ error: state.Error, cause: state.Cause })) as Partial<Walked>);
      name = await this.step(state);
    }
    throw new Error(`the walk has not ended after ${MOST_STATES} states, in ${this.name}`);
  }

  private async step(state: State): Promise<string> {
    if (state.Type === "Task") return this.task(state);
    if (state.Type === "Choice") return this.choose(state);
    if (state.Type === "Wait") this.now += ((await this.evaluate(state.Seconds)) as number) * 1000;
    else await this.assign(state.Assign);
    return state.Next as string;
  }

  private async choose({ Choices, Default }: State): Promise<string> {
    for (const { Condition, Assign, Next } of Choices as { Condition: string; Assign?: Assign; Next: string }[]) {
      if ((await this.evaluate(Condition)) !== true) continue;
      await this.assign(Assign);
      return Next;
    }
    return Default as string;
  }

  private async task({ Arguments: template, Retry, Catch, Assign, Next }: State): Promise<string> {
    const used = new Map<Retrier, number>();
    const calls = (this.calls[this.name] ??= []);
    for (;;) {
      try {
        const given = (await this.evaluate(template)) as Arguments;
        calls.push(given);
        const respond = this.options.responses?.[this.name];
        if (respond === undefined) throw new Error(`the task ${this.name} has no response`);
        await this.assign(Assign, { result: respond(given, calls.length - 1, this.now) });
        return Next as string;
      } catch (failure) {
        if (!(failure instanceof TaskError)) throw failure;
        const retrier = firstMatch(Retry as Retrier[], failure.error);
        const attempts = retrier ? (used.get(retrier) ?? 0) : 0;
        if (retrier && attempts < (retrier.MaxAttempts ?? 3)) {
          used.set(retrier, attempts + 1);
          this.now += (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** attempts * 1000;
          continue;
        }
        const catcher = firstMatch(Catch as Catcher[], failure.error);
        if (catcher === undefined) throw failure;
        await this.assign(catcher.Assign, { errorOutput: { Error: failure.error, Cause: failure.reason } });
        return catcher.Next;
      }
    }
  }

  private async assign(values: unknown, more: object = {}): Promise<void> {
    if (values !== undefined) this.variables = { ...this.variables, ...((await this.evaluate(values, more)) as Assign) };
  }

  private evaluate(template: unknown, more: object = {}): Promise<unknown> {
    const { executionName: Name = "execution", input = {} } = this.options;
    const Execution = { Id: executionArn(Name), Name, StartTime: new Date(this.started).toISOString(), RedriveCount: 0 };
    const State = { Name: this.name, EnteredTime: new Date(this.enteredAt).toISOString() };
    const states = { input, context: { Execution, State, StateMachine: { Id: MACHINE } }, ...more };
    return evaluateExpressions(template, this.name, { ...this.variables, states });
  }
}

function firstMatch<T extends { ErrorEquals: string[] }>(all: T[], error: string): T | undefined {
  const matches = (name: string) => name === error || name === "States.ALL" || (name === "States.TaskFailed" && error !== "States.Timeout");
  return all.find(({ ErrorEquals }) => ErrorEquals.some(matches));
}
