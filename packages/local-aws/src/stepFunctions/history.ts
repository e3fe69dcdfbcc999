import type { Json } from "../service";
import { StateFailure } from "./failure";

/** An event of an execution. It has the form of the API, except for its time. */
export interface HistoryEvent {
  id: number;
  previousEventId: number;
  /** For example `TaskStateEntered`. */
  type: string;
  /** Epoch milliseconds. */
  at: number;
  /** Value of the member that holds the details of the event's type. */
  details: Json;
}

/** How an execution can end. */
export const FINAL_STATUS: Record<string, string> = {
  ExecutionSucceeded: "SUCCEEDED",
  ExecutionFailed: "FAILED",
  ExecutionTimedOut: "TIMED_OUT",
  ExecutionAborted: "ABORTED",
};

/** The events of one execution. */
export class History {
  readonly events: HistoryEvent[] = [];

  /** @param most maximum number of events of an execution */
  constructor(private readonly most: number) {}

  /** @throws StateFailure States.Runtime when only one event is left of the quota */
  add(type: string, at: number, details: Json): void {
    const id = this.events.length + 1;
    if (id >= this.most && !(type in FINAL_STATUS)) {
      throw new StateFailure("States.Runtime", `The execution reached the maximum number of history events (${this.most}).`);
    }
    this.events.push({ id, previousEventId: id === 2 ? 0 : id - 1, type, at, details });
  }
}

/** Type of the event that begins a redrive. */
export const REDRIVEN = "ExecutionRedriven";

/** The redrives of an execution. */
export function redrivesOf(events: readonly HistoryEvent[]): HistoryEvent[] {
  return events.filter(({ type }) => type === REDRIVEN);
}

/** The current state of an execution, with its input and variables. */
export interface Place {
  name: string;
  input: unknown;
  variables: Json;
}

/** The state that an execution entered last; undefined when it entered none. */
export function lastPlace(events: readonly HistoryEvent[]): Place | undefined {
  const entered = events.findLast(({ type }) => type.endsWith("StateEntered"));
  if (!entered) return undefined;
  const assigned = events.filter(({ id }) => id < entered.id).flatMap(({ details }) => Object.entries(details.assignedVariables ?? {}));
  const variables = Object.fromEntries(assigned.map(([name, text]) => [name, JSON.parse(String(text)) as unknown]));
  return { name: String(entered.details.name), input: JSON.parse(String(entered.details.input)) as unknown, variables };
}

/** Members of details that are data. */
const DATA = ["input", "output", "parameters", "assignedVariables"];

/** An event as GetExecutionHistory returns it. */
export function shown({ at, details, ...event }: HistoryEvent, withData: boolean): Json {
  const member = detailsOf(event.type);
  const kept = Object.entries(details).filter(([key]) => withData || !DATA.includes(key.replace(/Details$/, "")));
  return { ...event, timestamp: at / 1000, ...(kept.length === 0 ? {} : { [member]: Object.fromEntries(kept) }) };
}

/** The member of a history event that carries the details of its type. */
function detailsOf(type: string): string {
  const [, moment] = /State(Entered|Exited)$/.exec(type) ?? [];
  if (moment !== undefined) return `state${moment}EventDetails`;
  return `${type[0].toLowerCase()}${type.slice(1)}EventDetails`;
}

/** Data of an event: JSON text, never shortened. */
export function data(name: "input" | "output", value: unknown): Json {
  return { [name]: JSON.stringify(value), [`${name}Details`]: { truncated: false } };
}
