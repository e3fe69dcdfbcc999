import type { Json } from "./wire";
import { digest } from "./digests";
import type { OnLog } from "./engineLog";
import type { Provider } from "./provider";
import type { Resource } from "./resources";
import { runProgram } from "./run";
import type { Stack } from "./stack";
import { isObject, Kind, SIGNATURE, UNKNOWN } from "./wire";

/** A resource that a program would create. */
export interface PreviewedResource {
  urn: string;
  type: string;
  name: string;
  /** False for components. */
  custom: boolean;
  /** URN; null for the stack. */
  parent: string | null;
  /** URNs, sorted. */
  dependencies: string[];
  protect: boolean;
  /**
   * Unknown values are null, secrets "[secret]"; policies, definitions and desired states are parsed;
   * archives are `{entry name: SHA-256}`. Keys are sorted.
   */
  inputs: Json;
}

/** Inputs whose text is a JSON document. */
const DOCUMENTS = ["policy", "assumeRolePolicy", "definition", "desiredState"];

/**
 * Runs a program without creating anything.
 *
 * @param options `deployed`: outputs of the stack's last deployment (default: it was never deployed)
 * @returns what it would create, sorted by URN; equal for equal programs, wherever they lie
 * @throws ProgramFailure
 */
export async function previewStack(
  stack: Stack,
  options: { provider: Provider; deployed?: Json; onLog?: OnLog; signal?: AbortSignal },
): Promise<PreviewedResource[]> {
  const { resources } = await runProgram({ ...stack, ...options, dryRun: true });
  const previewed = [...resources.values()].map((resource) => preview(resource, stack.programDir));
  return previewed.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

function preview({ urn, type, name, custom, parent, dependencies, protect, inputs }: Resource, programDir: string): PreviewedResource {
  const show = (value: unknown, key: string): unknown => {
    if (value === UNKNOWN || value === undefined) return null;
    if (Array.isArray(value)) return value.map((item) => show(item, ""));
    if (typeof value === "string") return DOCUMENTS.includes(key) ? parsed(value) : value;
    if (!isObject(value)) return value;
    switch (value[SIGNATURE]) {
      case Kind.secret:
        return "[secret]";
      case Kind.reference:
        return value.id === undefined ? value.urn : show(value.id === "" ? UNKNOWN : value.id, key);
      case Kind.asset:
      case Kind.archive: {
        const sums = digest(value, programDir);
        return isObject(sums) ? showMembers(sums) : sums;
      }
      default:
        return showMembers(value);
    }
  };
  const showMembers = (values: Json): Json => {
    const keys = Object.keys(values).sort();
    return Object.fromEntries(keys.map((key) => [key, show(values[key], key)]));
  };
  return { urn, type, name, custom, parent, dependencies: [...dependencies].sort(), protect, inputs: showMembers(inputs) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
