import type { Json, Policy, Statement } from "../service";
import { checkCondition } from "./conditions";

const ELEMENTS = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];

/** Wraps a single value in a list. */
export const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** The statements of a document, in which a single one needs no list. */
export const statements = (policy: Policy): Statement[] => list(policy.Statement);

/**
 * Reads a policy document and refuses what the evaluator does not support.
 *
 * @param document JSON text or the object itself
 * @param owner what the policy belongs to, for the error
 * @throws Error naming the element
 */
export function parsePolicy(document: unknown, owner: string): Policy {
  const policy = (typeof document === "string" ? parseJson(document, owner) : document) as Policy & Json;
  if (policy === null || typeof policy !== "object" || policy.Statement === undefined) {
    throw new Error(`${owner}: a policy must be an object with Statement`);
  }
  for (const statement of statements(policy)) checkStatement(statement, owner);
  return policy;
}

function checkStatement(statement: Statement, owner: string): void {
  const unknown = Object.keys(statement).find((element) => !ELEMENTS.includes(element));
  if (unknown !== undefined) throw new Error(`${owner}: the local IAM does not know the policy element ${unknown}`);
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") {
    throw new Error(`${owner}: Effect must be Allow or Deny, got ${String(statement.Effect)}`);
  }
  if (list(statement.Action).length === 0) throw new Error(`${owner}: a statement must have an Action`);
  for (const operator of Object.keys(statement.Condition ?? {})) checkCondition(operator, owner);
}

function parseJson(text: string, owner: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${owner}: a policy must be JSON`);
  }
}
