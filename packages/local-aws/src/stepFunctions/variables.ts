import type { ExprNode } from "jsonata";
import type { Json } from "../service";
import { assignsOf, type State } from "./definition";
import { compile, isExpression } from "./expressions";
import { FUNCTION_NAMES } from "./functions";

/** `$` and `$$` are valid only inside a path. */
const ALWAYS = ["", "$", "states"];

/**
 * Compiles every expression and finds variables that no state assigns and functions that do not exist.
 *
 * @param demand receives each rule and whether it holds
 */
export function checkExpressions(
  demand: (holds: boolean, place: string, rule: string, got: unknown) => void,
  states: Record<string, State>,
): void {
  const assigned = Object.values(states).flatMap(assignsOf).flatMap(Object.keys);
  const known = new Set([...ALWAYS, ...FUNCTION_NAMES, ...assigned]);
  for (const [name, state] of Object.entries(states)) {
    for (const text of expressionsIn(state)) {
      const unknown = namesIn(text, (why) => demand(false, `an expression of the state ${name}`, `valid JSONata (${why})`, text));
      const missing = unknown.find((variable) => !known.has(variable));
      demand(missing === undefined, `$${missing} in the state ${name}`, "a variable that some state assigns, or a function", text);
    }
  }
}

function expressionsIn(template: unknown): string[] {
  if (isExpression(template)) return [template];
  return template !== null && typeof template === "object" ? Object.values(template).flatMap(expressionsIn) : [];
}

/** Free variables of an expression. */
function namesIn(text: string, invalid: (why: string) => void): string[] {
  let tree: ExprNode | undefined;
  try {
    tree = compile(text).ast();
  } catch (error) {
    invalid((error as Error).message);
  }
  const used: string[] = [];
  const bound = new Set<string>();
  const walk = (node: unknown): void => {
    if (node === null || typeof node !== "object") return;
    const { type, value, lhs, arguments: parameters, focus, index } = node as Json & { lhs?: Json };
    if (type === "variable") used.push(String(value));
    if (type === "bind") bound.add(String(lhs?.value));
    if (type === "lambda") for (const parameter of parameters as Json[]) bound.add(String(parameter.value));
    if (typeof focus === "string") bound.add(focus);
    if (typeof index === "string") bound.add(index);
    for (const child of Object.values(node)) walk(child);
  };
  walk(tree);
  return used.filter((name) => !bound.has(name));
}
