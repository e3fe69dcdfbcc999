import { z } from "zod";
import type { Json } from "../service";
import { ServiceError } from "../service";

/** https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolution.html */
export const NAME = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}$/, {
  error: "Member must satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\\-_]*, with length less than or equal to 63",
});
export const ARN = z.string().regex(/^arn:[^:]+:[^:]+:.*:.*:.+$/, { error: "Member must be an ARN" });
export const TAGS = z
  .array(z.strictObject({ tagKey: z.string(), tagValue: z.string() }))
  .max(50)
  .optional();

/** Parameters of every List operation: https://docs.aws.amazon.com/personalize/latest/dg/API_ListSolutions.html */
export const PAGING = { maxResults: z.int().min(1).max(100).default(100), nextToken: z.string().optional() };

/**
 * Reads a request.
 *
 * @throws ServiceError InvalidInputException naming the member that breaks a rule, or that the local cloud does not know
 */
export function read<T extends z.ZodType>(shape: T, input: Json): z.infer<T> {
  const result = shape.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue.code === "unrecognized_keys") {
    const member = [...issue.path, issue.keys[0]].map(String).join(".");
    throw invalid(`The local cloud does not know the parameter ${member}.`);
  }
  const path = issue.path.map(String).join(".");
  throw invalid(`1 validation error detected: Value at '${path}' failed to satisfy constraint: ${issue.message}`);
}

/** The error for a request that breaks a rule. */
export function invalid(message: string): ServiceError {
  return new ServiceError("InvalidInputException", message);
}

/** A request's members as properties are kept: in PascalCase. */
export function asProperties(request: object): Json {
  return Object.fromEntries(Object.entries(request).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]));
}

/** Properties as answers show them: in camelCase. */
export function asMembers(properties: Json): Json {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name[0].toLowerCase() + name.slice(1), value]));
}
