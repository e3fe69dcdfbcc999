import { createHash, randomUUID } from "node:crypto";
import type { Expression } from "jsonata";

const ALGORITHMS: Record<string, string> = { MD5: "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };
const MAX_RANGE = 1000;

/**
 * The functions that Step Functions adds to JSONata, with their signatures.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
 */
const ADDED: Record<string, [implementation: (...values: never[]) => unknown, signature: string]> = {
  partition: [partition, "<a-n:a>"],
  range: [range, "<n-n-n:a>"],
  hash: [hash, "<s-s:s>"],
  random: [random, "<n?:n>"],
  uuid: [() => randomUUID(), "<:s>"],
  parse: [(text: string): unknown => JSON.parse(text), "<s-:x>"],
};

/** Names of JSONata 2.0.6's functions but `eval`, which Step Functions does not have, and of the added ones. */
export const FUNCTION_NAMES: readonly string[] = [
  ...Object.keys(ADDED),
  ...(
    "sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains replace " +
    "split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power boolean not map zip keys lookup " +
    "append exists spread merge reverse each error assert type sort shuffle distinct base64encode base64decode encodeUrlComponent " +
    "encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone filter single reduce sift now millis"
  ).split(" "),
];

/** Gives an expression the added functions. */
export function addFunctions(expression: Expression): void {
  for (const [name, [implementation, signature]] of Object.entries(ADDED)) {
    expression.registerFunction(name, implementation as (...values: unknown[]) => unknown, signature);
  }
}

function partition(values: unknown[], size: number): unknown[][] {
  if (!Number.isInteger(size) || size < 1) throw new Error(`$partition: the size must be a whole number above 0, got ${size}`);
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/** Includes both ends. */
function range(first: number, last: number, step: number): number[] {
  const length = Math.max(0, Math.floor((last - first) / step) + 1);
  if (step === 0 || length > MAX_RANGE) throw new Error(`$range: it must have at most ${MAX_RANGE} numbers and a step that is not 0`);
  return Array.from({ length }, (_, i) => first + i * step);
}

function hash(text: string, algorithm: string): string {
  const known = Object.keys(ALGORITHMS);
  if (!known.includes(algorithm)) throw new Error(`$hash: the algorithm must be one of ${known.join(", ")}, got ${algorithm}`);
  return createHash(ALGORITHMS[algorithm]).update(text).digest("hex");
}

/** A number from 0 to below 1. Equal seeds return equal numbers, but not those of AWS. */
function random(seed?: number): number {
  if (seed === undefined) return Math.random();
  return createHash("sha256").update(String(seed)).digest().readUInt32BE() / 2 ** 32;
}
