import * as assert from "node:assert/strict";
import { tenantOf } from "./principals";
import type { StackResources } from "./stackResources";

/** How an override changes the inputs of a tenant's resources; everything else stays the same. */
export interface Effect {
  /** New values by resource and path: undefined removes a value, a function computes it from the old one. */
  set?: Record<string, unknown>;
  /** A text that is replaced everywhere. */
  renamed?: [from: string, to: string];
  /** Resources that are no longer created. */
  gone?: RegExp;
  /** Additional resources, with the inputs in `set`. */
  made?: RegExp;
  /** Resources whose other values may change too; the components' tests check those. */
  remade?: RegExp;
}

export type Pair = [from: string, to: string];
type Change = (before: unknown) => string;

/** Replaces texts everywhere; each of them must occur. */
export function replaced(...pairs: Pair[]): Change {
  return (before) =>
    pairs.reduce((text, [from, to]) => {
      assert.ok(text.includes(from), from);
      return text.replaceAll(from, to);
    }, String(before));
}

/** All values after an override, except those of added and remade resources. */
export function applied(
  leaves: Record<string, unknown>,
  { set = {}, renamed: [from, to] = ["", ""], gone, remade }: Effect,
): Record<string, unknown> {
  const rename = (value: unknown) => (typeof value === "string" && from !== "" ? value.replaceAll(from, to) : value);
  const kept = Object.entries(leaves).filter(([path]) => !gone?.test(path.split(" ")[0]) && !remade?.test(path.split(" ")[0]));
  const all: Record<string, unknown> = { ...Object.fromEntries(kept.map(([path, value]) => [path, rename(value)])), ...set };
  for (const [path, value] of Object.entries(set)) if (typeof value === "function") all[path] = (value as Change)(leaves[path]);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Every value of a tenant's resources by `<resource> <path>`, protection included, with TENANT in place of its name. */
export function leavesOf({ resources }: StackResources, tenant: string): Record<string, unknown> {
  const leaves: [string, unknown][] = [];
  const add = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) {
      leaves.push([path, typeof value === "string" ? value.replaceAll(tenant, "TENANT") : value]);
      return;
    }
    for (const [key, member] of Object.entries(value)) add(`${path}${path.endsWith(" ") ? "" : "."}${key}`, member);
  };
  for (const { name, type, inputs, protect } of resources.filter((resource) => resource.custom && tenantOf(resource.name) === tenant)) {
    const short = name.slice(tenant.length + 1);
    add(short, type);
    add(`${short} `, inputs);
    if (protect) add(`${short} protect`, true);
  }
  return Object.fromEntries(leaves);
}
