import * as jsonata from "jsonata";
import type { Json } from "../service";
import { StateFailure } from "./failure";
import { addFunctions } from "./functions";

/** Time limit of one expression. Step Functions has a limit too, which is not documented. */
const TIMEOUT_MS = 10_000;
const MAX_DEPTH = 500;

/** A failed evaluation, with the field where it happened, for example `Arguments/QueryString`. */
export class EvaluationFailure extends StateFailure {
  constructor(
    cause: string,
    readonly location: string,
  ) {
    super("States.QueryEvaluationError", cause);
  }
}

/** By text: the state machines of all stages and tenants share their expressions. */
const compiled = new Map<string, jsonata.Expression>();

/**
 * Evaluates every expression of a template; other values are left unchanged.
 *
 * @param location field of the state, for errors
 * @param bindings `states` and the variables
 * @throws EvaluationFailure when an expression fails or has no result
 */
export async function evaluate(template: unknown, location: string, bindings: Json): Promise<unknown> {
  if (typeof template === "string") return isExpression(template) ? one(template, location, bindings) : template;
  if (Array.isArray(template)) return Promise.all(template.map((item, i) => evaluate(item, `${location}[${i}]`, bindings)));
  if (template === null || typeof template !== "object") return template;
  const members = Object.entries(template).map(async ([key, value]) => [key, await evaluate(value, `${location}/${key}`, bindings)]);
  return Object.fromEntries((await Promise.all(members)) as [string, unknown][]);
}

async function one(text: string, location: string, bindings: Json): Promise<unknown> {
  const fail = (why: string): EvaluationFailure =>
    new EvaluationFailure(`The JSONata expression '${sourceOf(text)}' specified for the field '${location}' ${why}`, location);
  let result: unknown;
  try {
    result = await compile(text).evaluate(undefined, bindings);
  } catch (error) {
    throw fail(`threw an error during evaluation: ${(error as Error).message}`);
  }
  if (result === undefined) throw fail("returned nothing (undefined)");
  return plain(result, fail);
}

/** Whether a string is an expression: `{% ... %}`. */
export const isExpression = (text: unknown): text is string => typeof text === "string" && /^\{%.*%\}$/s.test(text);

/** @throws the parser's error */
export function compile(text: string): jsonata.Expression {
  const known = compiled.get(text);
  if (known) return known;
  const expression = jsonata(sourceOf(text), { timeout: TIMEOUT_MS, stack: MAX_DEPTH });
  addFunctions(expression);
  compiled.set(text, expression);
  return expression;
}

const sourceOf = (text: string): string => text.slice(2, -2).trim();

/** Results are plain JSON: JSONata's arrays have flags, and its functions are values. */
function plain(value: unknown, fail: (why: string) => EvaluationFailure): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return Array.from(value, (item) => (item === undefined ? null : plain(item, fail)));
  const isFunction = typeof value === "object" && ("_jsonata_function" in value || "_jsonata_lambda" in value);
  if (typeof value !== "object" || isFunction || value instanceof RegExp) throw fail("returned a value that is not JSON");
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member, fail)]));
}
