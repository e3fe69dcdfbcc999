import type { Cloud, Json, Principal } from "../service";
import type { State } from "./definition";
import type { Start } from "./execution";
import { evaluate, EvaluationFailure } from "./expressions";
import { StateFailure, withinLimit } from "./failure";
import { data, lastPlace, redrivesOf, type History, type Place } from "./history";
import { choose, pass, wait } from "./states";
import { perform } from "./taskState";

/** An execution in progress. */
export interface Run {
  cloud: Cloud;
  principal: Principal;
  start: Start;
  history: History;
  signal: AbortSignal;
}

/** The result of a state; without a next state the execution ends. */
export interface Step {
  output: unknown;
  assigned?: Json;
  next?: string;
}

/** One entry into a state, and what its fields are evaluated with. */
export class Visit {
  private retryCount = 0;

  constructor(
    readonly run: Run,
    readonly name: string,
    readonly input: unknown,
    private readonly variables: Json,
    private readonly enteredAt: number,
  ) {}

  /** Counts another attempt. */
  retried(): void {
    this.retryCount += 1;
  }

  /**
   * Evaluates a field.
   *
   * @param more members of `$states` beside input and context
   * @throws StateFailure after it was recorded in the history
   */
  async evaluate(template: unknown, location: string, more: Json = {}): Promise<unknown> {
    const states = { input: this.input, context: this.context(), ...more };
    try {
      return withinLimit(await evaluate(template, location, { ...this.variables, states }), location);
    } catch (error) {
      if (error instanceof EvaluationFailure) this.note(error);
      throw error;
    }
  }

  /** Records and returns the failure of a field whose value breaks a rule. */
  broken(location: string, rule: string, got: unknown): StateFailure {
    const failure = new EvaluationFailure(`The field '${location}' must be ${rule}, got ${JSON.stringify(got)}`, location);
    this.note(failure);
    return failure;
  }

  /** Evaluates Output and Assign, both with the variables from before. */
  async leave(fields: Pick<State, "Output" | "Assign">, otherwise: unknown, more: Json = {}, place = ""): Promise<Step> {
    const { Output, Assign } = fields;
    const output = Output === undefined ? withinLimit(otherwise, "Output") : await this.evaluate(Output, `${place}Output`, more);
    if (Assign === undefined) return { output };
    return { output, assigned: (await this.evaluate(Assign, `${place}Assign`, more)) as Json };
  }

  private note({ error, reason: cause, location }: EvaluationFailure): void {
    const { history, cloud } = this.run;
    history.add("EvaluationFailed", cloud.clock.now(), { error, cause, location, state: this.name });
  }

  private context(): Json {
    const { arn, name, input, machine, startedAt } = this.run.start;
    const StartTime = new Date(startedAt).toISOString();
    const RedriveCount = redrivesOf(this.run.history.events).length;
    return {
      Execution: { Id: arn, Input: JSON.parse(input) as unknown, Name: name, RoleArn: machine.roleArn, StartTime, RedriveCount },
      State: { EnteredTime: new Date(this.enteredAt).toISOString(), Name: this.name, RetryCount: this.retryCount },
      StateMachine: { Id: machine.arn, Name: machine.name },
    };
  }
}

/**
 * Runs the states in order, from the first one or, after a redrive, from the one that the execution ended in.
 *
 * @returns the output of the last state
 * @throws StateFailure that no catcher handles, or the signal's reason
 */
export async function run(run: Run): Promise<unknown> {
  const { start, history, signal, cloud } = run;
  const { StartAt, States } = start.machine.definition;
  const first: Place = { name: StartAt, input: JSON.parse(start.input) as unknown, variables: {} };
  const place = lastPlace(history.events) ?? first;
  let { variables, input } = place;
  for (let name: string | undefined = place.name; name !== undefined;) {
    signal.throwIfAborted();
    const state: State = States[name];
    const enteredAt = cloud.clock.now();
    history.add(`${state.Type}StateEntered`, enteredAt, { name, ...data("input", input) });
    const { output, assigned, next } = await step(state, new Visit(run, name, input, variables, enteredAt));
    history.add(`${state.Type}StateExited`, cloud.clock.now(), { name, ...data("output", output), ...assignments(assigned) });
    variables = { ...variables, ...assigned };
    input = output;
    name = next;
  }
  return input;
}

async function step(state: State, visit: Visit): Promise<Step> {
  switch (state.Type) {
    case "Pass":
      return pass(state, visit);
    case "Task":
      return perform(state, visit);
    case "Choice":
      return choose(state, visit);
    case "Wait":
      return wait(state, visit);
    case "Succeed":
      return visit.leave(state, visit.input);
    case "Fail":
      throw await failure(state, visit);
  }
}

async function failure({ Error: error, Cause }: State, visit: Visit): Promise<StateFailure> {
  const text = async (template: string | undefined, location: string): Promise<string | undefined> => {
    if (template === undefined) return undefined;
    const value = await visit.evaluate(template, location);
    if (typeof value === "string") return value;
    throw visit.broken(location, "a string", value);
  };
  const name = await text(error, "Error");
  return new StateFailure(name ?? "", await text(Cause, "Cause"));
}

function assignments(assigned: Json | undefined): Json {
  if (assigned === undefined) return {};
  const assignedVariables = Object.fromEntries(Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)]));
  return { assignedVariables, assignedVariablesDetails: { truncated: false } };
}
