import type { Json } from "../service";
import * as fields from "./definition";
import type { Definition, State, StateType } from "./definition";
import { checkExpressions } from "./variables";
import { checkResource } from "./tasks";

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const MAX_BYTES = 1_048_576;
const MAX_NAME = 80;
const MAX_SECONDS = 99_999_999;

/** Throws with the place and the rule unless the rule holds. */
type Demand = (holds: boolean, place: string, rule: string, got: unknown) => void;

/**
 * Reads a definition and refuses by name what is not supported.
 *
 * @throws Error naming the place in the definition, the rule and the value
 */
export function readDefinition(text: string): Definition {
  const demand: Demand = (holds, place, rule, got) => {
    if (!holds) throw new Error(`definition: ${place} must be ${rule}, got ${typeof got === "string" ? got : JSON.stringify(got)}`);
  };
  demand(Buffer.byteLength(text) <= MAX_BYTES, "its size", `at most ${MAX_BYTES} bytes`, Buffer.byteLength(text));
  const definition = parse(text);
  known(demand, "a field", definition, fields.MACHINE_FIELDS);
  const { StartAt, States, TimeoutSeconds, QueryLanguage, Version } = definition as Json & Definition;
  demand(QueryLanguage === "JSONata", "QueryLanguage", "JSONata in the local cloud", QueryLanguage ?? "JSONPath");
  demand(Version === undefined || Version === "1.0", "Version", "1.0", Version);
  seconds(demand, "TimeoutSeconds", TimeoutSeconds, 1);
  demand(isObject(States) && Object.keys(States).length > 0, "States", "an object of at least one state", States);
  for (const [name, state] of Object.entries(States)) checkState(demand, name, state, Object.keys(States));
  demand(StartAt in States, "StartAt", "the name of a state", StartAt);
  checkReach(demand, { StartAt, States });
  checkExpressions(demand, States);
  return { StartAt, States, TimeoutSeconds };
}

function checkState(demand: Demand, name: string, state: State, names: string[]): void {
  const at = (field: string): string => `${field} of the state ${name}`;
  demand(name.length >= 1 && name.length <= MAX_NAME, "a state's name", `1 to ${MAX_NAME} characters`, name);
  demand(isObject(state), `the state ${name}`, "an object", state);
  const { Type, QueryLanguage, Retry = [], Catch = [], Choices, Seconds, Timestamp } = state as State & Json;
  const types = Object.keys(fields.STATE_FIELDS);
  demand(types.includes(Type), at("Type"), `one of ${types.join(", ")} in the local cloud`, Type);
  demand(QueryLanguage === undefined || QueryLanguage === "JSONata", at("QueryLanguage"), "JSONata in the local cloud", QueryLanguage);
  known(demand, at("a field"), state, fields.STATE_FIELDS[Type]);
  checkFlow(demand, at, state);
  for (const target of fields.targetsOf(state)) demand(names.includes(target), at("Next, Default or Catch"), "the name of a state", target);
  for (const assign of fields.assignsOf(state)) {
    const illegal = Object.keys(assign).find((variable) => variable === "states" || !/^[A-Za-z_]\w{0,79}$/.test(variable));
    demand(illegal === undefined, at("Assign"), "an object of variables: a letter, then letters, digits and _, not states", illegal);
  }
  if (Type === "Task") {
    demand(typeof state.Resource === "string", at("Resource"), "an ARN", state.Resource);
    checkResource(state.Resource ?? "", at("Resource"));
    seconds(demand, at("TimeoutSeconds"), state.TimeoutSeconds, 1);
    for (const retrier of Retry) checkRetrier(demand, at, retrier as unknown as Json);
    for (const catcher of Catch) {
      known(demand, at("a field of Catch"), catcher, fields.CATCHER_FIELDS);
      demand(typeof catcher.Next === "string", at("Next of Catch"), "the name of a state", catcher.Next);
    }
    for (const list of [Retry, Catch]) checkErrors(demand, at, list);
  }
  if (Type === "Choice") {
    demand(Array.isArray(Choices) && Choices.length > 0, at("Choices"), "a list of at least one rule", Choices);
    for (const rule of Choices ?? []) {
      known(demand, at("a field of Choices"), rule, fields.RULE_FIELDS);
      const isCondition = typeof rule.Condition === "boolean" || /^\{%.*%\}$/s.test(rule.Condition ?? "");
      demand(isCondition && typeof rule.Next === "string", at("a rule of Choices"), "a Condition (an expression) with a Next", rule);
    }
  }
  if (Type === "Wait") {
    demand((Seconds === undefined) !== (Timestamp === undefined), at("Wait"), "either Seconds or Timestamp", { Seconds, Timestamp });
    seconds(demand, at("Seconds"), Seconds, 0);
  }
}

/** Exactly one of Next and End, in the states that have them. */
function checkFlow(demand: Demand, at: (field: string) => string, { Type, Next, End }: State): void {
  const flows: StateType[] = ["Pass", "Task", "Wait"];
  if (!flows.includes(Type)) return;
  demand(End === undefined || End === true, at("End"), "true or absent", End);
  demand((Next === undefined) !== (End === undefined), at("Next and End"), "exactly one of them", { Next, End });
}

function checkRetrier(demand: Demand, at: (field: string) => string, retrier: Json): void {
  known(demand, at("a field of Retry"), retrier, fields.RETRIER_FIELDS);
  const { MaxAttempts, BackoffRate, JitterStrategy } = retrier;
  seconds(demand, at("IntervalSeconds of Retry"), retrier.IntervalSeconds, 1);
  seconds(demand, at("MaxAttempts of Retry"), MaxAttempts, 0);
  demand(BackoffRate === undefined || Number(BackoffRate) >= 1, at("BackoffRate of Retry"), "a number of at least 1", BackoffRate);
  seconds(demand, at("MaxDelaySeconds of Retry"), retrier.MaxDelaySeconds, 1);
  const strategies = [undefined, "FULL", "NONE"];
  demand(strategies.includes(JitterStrategy as string), at("JitterStrategy of Retry"), "FULL or NONE", JitterStrategy);
}

/** States.ALL must be the only error of the last entry. */
function checkErrors(demand: Demand, at: (field: string) => string, list: { ErrorEquals: string[] }[]): void {
  list.forEach(({ ErrorEquals }, i) => {
    const isList = Array.isArray(ErrorEquals) && ErrorEquals.length > 0 && ErrorEquals.every((name) => typeof name === "string");
    demand(isList, at("ErrorEquals"), "a list of at least one error name", ErrorEquals);
    const alone = ErrorEquals.length === 1 && i === list.length - 1;
    demand(alone || !ErrorEquals.includes("States.ALL"), at("States.ALL"), "alone in ErrorEquals, and in the last entry", ErrorEquals);
  });
}

function checkReach(demand: Demand, { StartAt, States }: Definition): void {
  const reached = new Set([StartAt]);
  for (const name of reached) for (const target of fields.targetsOf(States[name])) reached.add(target);
  const lost = Object.keys(States).find((name) => !reached.has(name));
  demand(lost === undefined, "every state", "reached from StartAt", lost);
}

/** A whole number; an expression is checked when it is evaluated. */
function seconds(demand: Demand, place: string, value: unknown, least: number): void {
  if (value === undefined || (typeof value === "string" && /^\{%.*%\}$/s.test(value))) return;
  const holds = Number.isInteger(value) && Number(value) >= least && Number(value) <= MAX_SECONDS;
  demand(holds, place, `a whole number from ${least} to ${MAX_SECONDS}`, value);
}

function known(demand: Demand, place: string, value: object, names: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  demand(unknown === undefined, place, `one of ${names.join(", ")} in the local cloud`, unknown);
}

function parse(text: string): Json {
  let definition: unknown;
  try {
    definition = JSON.parse(text);
  } catch (error) {
    throw new Error(`definition must be JSON: ${(error as Error).message}`);
  }
  if (!isObject(definition)) throw new Error("definition must be a JSON object");
  return definition;
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
