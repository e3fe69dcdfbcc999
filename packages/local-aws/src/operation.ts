import { z } from "zod";
import { ServiceError, type Call, type Json, type Operation, type RequiredPermission } from "./service";

/** How a service names itself and its errors. */
export interface Dialect {
  /** IAM's prefix of the service's actions, for example `glue`. */
  service: string;
  /** Error code of a member that breaks a rule, for example `ValidationException`. */
  invalid: string;
}

/** An operation with known members. */
export interface Definition<Members extends z.ZodRawShape> {
  /** The IAM action's name, where it is not the operation's. */
  action?: string;
  /** Names of the optional query parameters of a REST operation. */
  query?: readonly string[];
  /** The members that the request may have. Nested structures are `z.strictObject`. */
  members: Members;
  /** ARNs on which the caller needs the action; `*` where the action supports no narrower resource. */
  resources: (request: z.output<z.ZodObject<Members>>) => string | string[];
  /** Permissions needed besides, for example `iam:PassRole`. */
  alsoNeeds?: (request: z.output<z.ZodObject<Members>>) => RequiredPermission[];
  /** Resolves to the answer's members. */
  run: (request: z.output<z.ZodObject<Members>>, call: Call) => Json | void | Promise<Json | void>;
}

/**
 * Builds a service's operations. A request is read as AWS reads it: first the JSON types of its members (SerializationException),
 * then their rules (the service's own code), then the permissions. `null` is the same as an absent member.
 * A member that is not known is refused by name (NotImplemented).
 */
export function operations<Shapes extends Record<string, z.ZodRawShape>>(
  dialect: Dialect,
  definitions: { [Name in keyof Shapes]: Definition<Shapes[Name]> },
): Record<keyof Shapes, Operation> {
  const all = Object.entries(definitions as unknown as Record<string, Definition<z.ZodRawShape>>);
  return Object.fromEntries(all.map(([name, definition]) => [name, build(dialect, name, definition)])) as Record<keyof Shapes, Operation>;
}

function build(dialect: Dialect, name: string, definition: Definition<z.ZodRawShape>): Operation {
  const { action = name, query, members, resources, alsoNeeds, run } = definition;
  const schema = z.strictObject(members);
  return {
    query,
    parse: (input) => parse(schema, input, { ...dialect, operation: action }),
    permissions: (request) => [
      ...[resources(request)].flat().map((resource) => ({ action: `${dialect.service}:${action}`, resource })),
      ...(alsoNeeds?.(request) ?? []),
    ],
    run: async (request, call) => ({ output: (await run(request, call)) ?? {} }),
  };
}

/** @throws ServiceError NotImplemented, SerializationException, or `invalid`; each names the member */
function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: Json,
  { service, invalid, operation }: Dialect & { operation: string },
): z.output<Schema> {
  const given = withoutNulls(input);
  const result = schema.safeParse(given, { error: describe });
  if (result.success) return result.data;
  const { issues } = result.error;
  const unknown = issues.find(({ code }) => code === "unrecognized_keys");
  if (unknown?.code === "unrecognized_keys") {
    const member = [...unknown.path, unknown.keys[0]].join(".");
    throw new ServiceError("NotImplemented", `the local ${service} does not know the member ${member} of ${operation}`, 501);
  }
  const mistyped = issues.find((issue) => isMistyped(issue, at(given, issue.path)));
  if (mistyped) throw new ServiceError("SerializationException", `${mistyped.path.join(".")}: ${mistyped.message}`);
  const [{ path, message }] = issues;
  const value = at(given, path);
  throw new ServiceError(
    invalid,
    `1 validation error detected: Value${shown(value)} at '${path.map(memberName).join(".")}' failed to satisfy constraint: ${message}`,
  );
}

const SHOWN_CHARACTERS = 100;

function shown(value: unknown): string {
  if (value === undefined) return " null";
  return typeof value === "string" || typeof value === "number" ? ` '${String(value).slice(0, SHOWN_CHARACTERS)}'` : "";
}

/** Validation errors name members in lower camel case, and items of a list from 1. */
const memberName = (part: PropertyKey): string => (typeof part === "number" ? `${part + 1}.member` : lowerFirst(String(part)));

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** The value at a path; undefined where the path ends early. */
export const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], value);

function isMistyped(issue: z.core.$ZodIssue, value: unknown): boolean {
  if (value === undefined) return false;
  if (issue.code === "invalid_value") return issue.values.every((allowed) => typeof allowed !== typeof value);
  return issue.code === "invalid_type" || (issue.code === "invalid_format" && issue.format === "base64");
}

const CONVERSIONS: Record<string, string> = {
  string: "a String",
  int: "an Integer",
  number: "a Number",
  boolean: "a Boolean",
};

/** The words of AWS's own deserializer and validator, where the schema has none. */
function describe(issue: z.core.$ZodRawIssue): string | undefined {
  const { input } = issue;
  if (input === undefined || input === null) return "Member must not be null";
  switch (issue.code) {
    case "invalid_type":
      return mistyped(issue.expected, input);
    case "too_small":
      return `Member must have ${measured(input)} greater than or equal to ${issue.minimum}`;
    case "too_big":
      return `Member must have ${measured(input)} less than or equal to ${issue.maximum}`;
    case "invalid_format":
      return issue.pattern === undefined ? undefined : `Member must satisfy regular expression pattern: ${plain(issue.pattern)}`;
    case "invalid_value":
      return typeof input === "string"
        ? `Member must satisfy enum value set: [${issue.values.map(String).join(", ")}]`
        : mistyped(typeof issue.values[0], input);
    default:
      return undefined;
  }
}

const measured = (value: unknown): string => (typeof value === "number" ? "value" : "length");

/** A pattern as zod tells it, without its slashes. */
const plain = (pattern: string): string => pattern.replace(/^\/(.*)\/\w*$/, "$1");

function mistyped(expected: string, value: unknown): string {
  if (expected === "array") return "Expected list or null";
  if (Array.isArray(value)) return "Start of list found where not expected";
  if (typeof value === "object") return "Start of structure or map found where not expected.";
  const found = typeof value === "boolean" ? String(value).toUpperCase() : (typeof value).toUpperCase();
  return CONVERSIONS[expected] === undefined ? "Expected null" : `${found}_VALUE can not be converted to ${CONVERSIONS[expected]}`;
}

/** The same value, with the members of structures left out that are null. */
export function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) {
    const items = value.map(withoutNulls);
    return (items.some((item, i) => item !== value[i]) ? items : value) as T;
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value)
    .filter(([, member]) => member !== null)
    .map(([name, member]) => [name, withoutNulls(member)] as const);
  const isSame = kept.length === Object.keys(value).length && kept.every(([name, member]) => member === (value as Json)[name]);
  return isSame ? value : (Object.fromEntries(kept) as T);
}
