import type { z } from "zod";
import { at, withoutNulls } from "./operation";
import type { Json } from "./service";

/** The inputs of a resource type: checked at preview, read at creation. */
export interface Inputs<Schema extends z.ZodObject> {
  /** Their names. */
  names: string[];
  /**
   * Checks the values that are known; a preview lacks some.
   *
   * @throws Error naming resource, input, rule and value
   */
  check: (inputs: Json) => void;
  /**
   * Reads complete inputs, with the defaults of the schema.
   *
   * @throws Error naming resource, input, rule and value
   */
  read: (inputs: Json) => z.output<Schema>;
}

/**
 * Inputs by one schema, whose structures are `z.strictObject`.
 *
 * @param title names the resource in errors, for example `Job "export"`
 * @param demand more checks on known values; throws with the rule that is broken
 */
export function inputsOf<Schema extends z.ZodObject>(
  schema: Schema,
  title: (inputs: Json) => string,
  demand: (inputs: Partial<z.input<Schema>>) => void = () => undefined,
): Inputs<Schema> {
  const parse = (inputs: Json, isComplete: boolean): z.output<Schema> => {
    const given = withoutNulls(inputs);
    const { data, error } = schema.safeParse(given, { error: rule });
    for (const issue of error?.issues ?? []) {
      const value = at(given, issue.path);
      if (value !== undefined || isComplete) throw new Error(`${title(inputs)}${refusal(issue, value)}`);
    }
    try {
      demand(given as Partial<z.input<Schema>>);
    } catch (failure) {
      throw new Error(`${title(inputs)}: ${(failure as Error).message}`, { cause: failure });
    }
    return data as z.output<Schema>;
  };
  return {
    names: Object.keys(schema.shape),
    check: (inputs) => void parse(inputs, false),
    read: (inputs) => parse(inputs, true),
  };
}

function refusal(issue: z.core.$ZodIssue, value: unknown): string {
  const path = issue.path.reduce<string>((text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${String(part)}`), "");
  if (issue.code === "unrecognized_keys") {
    return `${path === "" ? "" : `: ${path.slice(1)}`}: the local cloud does not know the input ${issue.keys[0]}`;
  }
  if (value === undefined) return `: ${path.slice(1)} must be given`;
  return `: ${path.slice(1)} must be ${issue.message}, got ${JSON.stringify(value)}`;
}

const TYPES: Record<string, string> = {
  string: "a string",
  int: "a whole number",
  number: "a number",
  boolean: "a boolean",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** What a value must be, where the schema has no words for it. */
function rule(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected];
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `at least ${issue.minimum}${unit(issue.origin)}`;
    case "too_big":
      return `at most ${issue.maximum}${unit(issue.origin)}`;
    default:
      return undefined;
  }
}

const unit = (origin: string): string => (origin === "string" ? " characters" : origin === "array" ? " items" : "");
