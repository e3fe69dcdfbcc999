import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import * as AdmZip from "adm-zip";
import type { Resource } from "./resources";
import { type RunOptions, runProgram } from "./run";
import type { Stack } from "./stack";
import { isObject, type Json, Kind, SIGNATURE, UNKNOWN } from "./wire";

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
   * Unknown values are null, secrets "[secret]", documents parsed, assets SHA-256, archives `{entry name: SHA-256}`. Keys are sorted.
   */
  inputs: Json;
}

/** How to preview a program. */
export interface PreviewOptions extends Pick<RunOptions, "provider" | "deployed" | "onLog" | "signal"> {
  /** Names of inputs whose text is a JSON document, to be parsed, at any depth. @default none */
  documents?: readonly string[];
}

/**
 * Runs a program without creating anything.
 *
 * @returns what it would create, sorted by URN. Equal programs give equal previews, wherever they are.
 * @throws ProgramFailure
 */
export async function previewStack(stack: Stack, { documents = [], ...options }: PreviewOptions): Promise<PreviewedResource[]> {
  const { resources } = await runProgram({ ...stack, ...options, dryRun: true });
  const previewed = [...resources.values()].map((resource) => preview(resource, stack.programDir, documents));
  return previewed.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

function preview(resource: Resource, programDir: string, documents: readonly string[]): PreviewedResource {
  const show = (value: unknown, key: string): unknown => {
    if (value === UNKNOWN || value === undefined) return null;
    if (Array.isArray(value)) return value.map((item) => show(item, ""));
    if (typeof value === "string") return documents.includes(key) ? parsed(value) : value;
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
  const { urn, type, name, custom, parent, dependencies, protect, inputs } = resource;
  return { urn, type, name, custom, parent, dependencies: [...dependencies].sort(), protect, inputs: showMembers(inputs) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Hashes the content of an asset or archive, wherever it is.
 *
 * @param asset in wire form
 * @param programDir absolute path from which relative paths start
 * @returns `{entry name: SHA-256 of its content}` of an archive, the SHA-256 of an asset, `{uri}` of a remote one
 * @throws Error naming a file that cannot be read, or an entry of another kind
 */
export function digest(asset: Json, programDir: string): Json | string {
  if (typeof asset.uri === "string") return { uri: asset.uri };
  if (asset[SIGNATURE] === Kind.asset) {
    return sha256(typeof asset.path === "string" ? readFileSync(resolve(programDir, asset.path)) : String(asset.text));
  }
  if (typeof asset.path === "string") return digestFiles(resolve(programDir, asset.path));
  return Object.fromEntries(
    Object.entries(asset.assets as Json).flatMap(([name, member]) => {
      if (!isObject(member)) throw new Error(`archive entry ${name} must be an asset or an archive`);
      const inner = digest(member, programDir);
      const isArchive = member[SIGNATURE] === Kind.archive && !("uri" in member);
      return isArchive ? Object.entries(inner).map(([entry, sum]: [string, unknown]) => [`${name}/${entry}`, sum]) : [[name, inner]];
    }),
  );
}

function digestFiles(path: string): Json {
  if (statSync(path).isDirectory()) {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = entries.map(({ parentPath, name }) => join(parentPath, name));
    return Object.fromEntries(files.map((file) => [relative(path, file).split(sep).join("/"), sha256(readFileSync(file))]));
  }
  if (!path.endsWith(".zip")) throw new Error(`archive ${path} must be a folder or a .zip file`);
  const entries = new AdmZip(path).getEntries().filter((entry) => !entry.isDirectory);
  return Object.fromEntries(entries.map((entry) => [entry.entryName, sha256(entry.getData())]));
}

function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}
