import * as assert from "node:assert/strict";
import { tenantOf } from "./principals";
import type { StackResources } from "./stackResources";

/** What an override changes of the inputs of a tenant's resources; everything else stays. */
export interface Effect {
  /** By resource and path; undefined where it goes, a function of what is there otherwise. */
  set?: Record<string, unknown>;
  /** Text that others replaces, wherever it is. */
  renamed?: [from: string, to: string];
  /** Resources that are not made. */
  gone?: RegExp;
  /** Resources that are made besides, with the inputs that are in `set`. */
  made?: RegExp;
  /** Resources whose values become others, as the components' tests tell, but for those that are in `set`. */
  remade?: RegExp;
}

export type Pair = [from: string, to: string];
type Change = (before: unknown) => string;

/** Replaces texts wherever they are, each of which must be there. */
export function replaced(...pairs: Pair[]): Change {
  return (before) =>
    pairs.reduce((text, [from, to]) => {
      assert.ok(text.includes(from), from);
      return text.replaceAll(from, to);
    }, String(before));
}

/** All values after an override, but for those of resources that are made or remade. */
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

/** Every single value of a tenant's resources, inputs and protection, by `<resource> <path>`, with TENANT for its name. */
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
