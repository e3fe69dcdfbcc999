import * as AdmZip from "adm-zip";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import type { Json } from "./wire";
import { isObject, Kind, SIGNATURE } from "./wire";

/**
 * What an asset or archive holds, whatever its path.
 *
 * @param asset in wire form
 * @param programDir absolute path that relative paths start from
 * @returns for an archive `{entry name: SHA-256 of its content}`, for an asset the SHA-256; a remote one's `{uri}`
 * @throws Error naming the file that cannot be read, or the entry of another kind
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
