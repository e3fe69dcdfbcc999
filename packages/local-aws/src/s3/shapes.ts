import type { Json } from "../service";

/** Checks one known value; `path` names it. */
export type Shape = (value: unknown, path: string) => void;

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

function fail(path: string, rule: string, value: unknown): never {
  throw new Error(`${path} must be ${rule}, got ${shown(value)}`);
}

export const text: Shape = (value, path) => {
  if (typeof value !== "string") fail(path, "a string", value);
};

export const flag: Shape = (value, path) => {
  if (typeof value !== "boolean" && value !== "true" && value !== "false") fail(path, "a boolean", value);
};

/** A whole number of at least `least`. */
export const count =
  (least: number): Shape =>
  (value, path) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < least) fail(path, `a whole number of at least ${least}`, value);
  };

export const oneOf =
  (...values: string[]): Shape =>
  (value, path) => {
    if (!values.includes(value as string)) fail(path, `one of ${values.join(", ")}`, value);
  };

export const listOf =
  (item: Shape): Shape =>
  (value, path) => {
    if (!Array.isArray(value)) fail(path, "a list", value);
    value.forEach((entry, i) => {
      if (entry !== undefined) item(entry, `${path}[${i}]`);
    });
  };

/** An object with string values under any keys. */
export const texts: Shape = (value, path) => {
  if (value === null || typeof value !== "object") fail(path, "an object", value);
  for (const [key, entry] of Object.entries(value)) if (entry !== undefined) text(entry, `${path}.${key}`);
};

/** An object with these members, all optional: at preview some are not known yet. */
export const members =
  (known: Record<string, Shape>): Shape =>
  (value, path) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) fail(path, "an object", value);
    for (const [key, entry] of Object.entries(value as Json)) {
      if (!Object.hasOwn(known, key)) throw new Error(`${path}: the local cloud does not know the input ${key}`);
      if (entry !== undefined && entry !== null) known[key](entry, `${path}.${key}`);
    }
  };
