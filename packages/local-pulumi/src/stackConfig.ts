import type { Json } from "./wire";
import { isObject } from "./wire";

/** A config key with its namespace: the project's where it has none. */
export function configKey(project: string, key: string): string {
  return key.includes(":") ? key : `${project}:${key}`;
}

/**
 * The default of a key in Pulumi.yaml: a plain value, or an object with `value` or `default`.
 *
 * @throws Error naming file, key and the member that is not understood
 */
export function projectDefault(file: string, key: string, entry: unknown): unknown {
  if (!isObject(entry)) return entry;
  const unknown = Object.keys(entry).find((member) => !["value", "default", "description"].includes(member));
  if (unknown !== undefined) throw new Error(`${file}: config ${key}: the engine does not know ${unknown}`);
  return entry.value ?? entry.default;
}

/**
 * The text that a program gets for a config value: JSON of structured values.
 *
 * @throws Error naming the key of an encrypted value (its content is not shown) or of one that is missing
 */
export function configText(key: string, value: unknown): string {
  const encrypted = secureWithin(key, value);
  if (encrypted !== undefined) throw new Error(`config ${encrypted} is encrypted (secure:), which cannot be read here: use a plain value`);
  if (value === undefined || value === null) throw new Error(`config ${key} has no value`);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function secureWithin(path: string, value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("secure" in value) return path;
  return Object.entries(value)
    .map(([key, member]) => secureWithin(`${path}.${key}`, member))
    .find((found) => found !== undefined);
}

/**
 * Sets one value of a config.
 *
 * @param config by full key; changed
 * @param override `key=value` or `key.member=value`; within an object, a value that is JSON is taken as such
 * @throws Error when it has another form, or sets a member of something that is no object
 */
export function applyOverride(config: Json, project: string, override: string): void {
  const equals = override.indexOf("=");
  if (equals < 1) throw new Error(`--config must be key=value, got ${JSON.stringify(override)}`);
  const [key, ...path] = override.slice(0, equals).split(".");
  const text = override.slice(equals + 1);
  const full = configKey(project, key);
  config[full] = path.length === 0 ? text : withMember(full, config[full], path, jsonOrText(text));
}

function withMember(at: string, value: unknown, [member, ...rest]: string[], leaf: unknown): Json {
  if (value !== undefined && !isObject(value)) throw new Error(`--config ${at}.${member}: ${at} is no object`);
  return { ...value, [member]: rest.length === 0 ? leaf : withMember(`${at}.${member}`, value?.[member], rest, leaf) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
