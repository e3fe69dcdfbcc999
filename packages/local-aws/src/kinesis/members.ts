import { ServiceError, type Json } from "../service";

/** What a member of a request must be. `min` and `max`: characters of text, value of a number, items of a list. */
export interface Member {
  type: "text" | "integer" | "timestamp" | "blob" | "list" | "structure";
  required?: boolean;
  min?: number;
  max?: number;
  pattern?: RegExp;
  values?: readonly string[];
  /** Members of a structure, or of each item of a list. */
  members?: Members;
}

export type Members = Readonly<Record<string, Member>>;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const SHOWN_CHARACTERS = 100;

/**
 * Checks a request, or a structure in it, against what the API knows.
 *
 * @param where name of the operation or path of the structure, for messages
 * @param path of the structure's members
 * @throws ServiceError NotImplemented for an unknown member, SerializationException for a wrong type, ValidationException for a wrong value
 */
export function checkMembers(where: string, members: Members, input: Json, path = ""): void {
  for (const name in input) {
    if (!Object.hasOwn(members, name))
      throw new ServiceError("NotImplemented", `The local ${where} does not know the member ${name}.`, 501);
  }
  for (const name in members) checkMember(where, members[name], input[name], path + name.charAt(0).toLowerCase() + name.slice(1));
}

function checkMember(where: string, member: Member, value: unknown, path: string): void {
  if (value === undefined || value === null) {
    if (member.required) throw invalid(null, path, "must not be null");
    return;
  }
  if (!hasType(member, value)) throw new ServiceError("SerializationException", `${where}: ${path} must be of type ${member.type}.`);
  checkSize(member, value, path);
  if (typeof value === "string") checkText(member, value, path);
  const nested = member.members;
  if (!nested) return;
  if (member.type === "structure") checkMembers(`${where} ${path}`, nested, value as Json, `${path}.`);
  else (value as unknown[]).forEach((item, i) => checkItem(where, nested, item, `${path}.${i + 1}.member`));
}

function checkText({ pattern, values }: Member, value: string, path: string): void {
  if (pattern && !pattern.test(value)) throw invalid(value, path, `must satisfy regular expression pattern: ${pattern.source}`);
  if (values && !values.includes(value)) throw invalid(value, path, `must satisfy enum value set: [${values.join(", ")}]`);
}

function checkItem(where: string, members: Members, item: unknown, path: string): void {
  if (!isStructure(item)) throw new ServiceError("SerializationException", `${where}: ${path} must be of type structure.`);
  checkMembers(`${where} ${path}`, members, item, `${path}.`);
}

function checkSize({ type, min, max }: Member, value: unknown, path: string): void {
  if (type !== "integer" && type !== "text" && type !== "list") return;
  const size = typeof value === "number" ? value : (value as { length: number }).length;
  const shown = typeof value === "string" ? value : type === "list" ? `${size} items` : String(size);
  const what = type === "integer" ? "must have value" : "must have length";
  if (min !== undefined && size < min) throw invalid(shown, path, `${what} greater than or equal to ${min}`);
  if (max !== undefined && size > max) throw invalid(shown, path, `${what} less than or equal to ${max}`);
}

function hasType({ type }: Member, value: unknown): boolean {
  switch (type) {
    case "text":
      return typeof value === "string";
    case "integer":
      return Number.isInteger(value);
    case "timestamp":
      return typeof value === "number" && Number.isFinite(value);
    case "blob":
      return typeof value === "string" && value.length % 4 === 0 && BASE64.test(value);
    case "list":
      return Array.isArray(value);
    case "structure":
      return isStructure(value);
  }
}

const isStructure = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

function invalid(value: string | null, path: string, rule: string): ServiceError {
  const shown = value === null ? "null" : `'${value.slice(0, SHOWN_CHARACTERS)}'`;
  return new ServiceError(
    "ValidationException",
    `1 validation error detected: Value ${shown} at '${path}' failed to satisfy constraint: Member ${rule}`,
  );
}
