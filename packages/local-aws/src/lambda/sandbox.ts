import * as AdmZip from "adm-zip";
import { copyFile, cp, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import type { Json } from "../service";

/** Packages that the Node.js runtimes bring: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html */
const SDK_SCOPES = { "@aws-sdk": "@aws-sdk/client-s3", "@smithy": "@smithy/types" };

/** Key that marks assets and archives on the wire: sdk/go/common/resource in pulumi/pulumi. */
export const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
export const ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17";
export const ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** A temporary folder outside the repository with the runtime's script, the SDK and each function's code. */
export class Sandbox {
  private made?: Promise<string>;
  private functions = 0;

  /** Absolute path of the runtime's script. */
  async bootstrap(): Promise<string> {
    return join(await this.root(), "bootstrap.cjs");
  }

  /** Absolute path of a folder for NODE_PATH: the SDK's scopes and nothing else. */
  async nodePath(): Promise<string> {
    return join(await this.root(), "sdk");
  }

  /**
   * Unpacks a function's code.
   *
   * @returns absolute path of its task root
   */
  async add(code: unknown): Promise<string> {
    const taskRoot = join(await this.root(), `task-${(this.functions += 1)}`);
    await unpack(code, taskRoot);
    return taskRoot;
  }

  /** Removes everything. */
  async remove(): Promise<void> {
    if (this.made) await rm(await this.made, { recursive: true, force: true });
  }

  private root(): Promise<string> {
    this.made ??= create();
    return this.made;
  }
}

async function create(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "local-aws-"));
  await mkdir(join(root, "sdk"));
  await copyFile(join(__dirname, "bootstrap.cjs"), join(root, "bootstrap.cjs"));
  for (const [scope, member] of Object.entries(SDK_SCOPES)) await symlink(scopeFolder(scope, member), join(root, "sdk", scope), "dir");
  return root;
}

/** Folder of a scope, found by one of the packages that an SDK client depends on, wherever npm put it. */
function scopeFolder(scope: string, member: string): string {
  const client = createRequire(__filename).resolve("@aws-sdk/client-s3");
  const file = createRequire(client).resolve(member);
  return join(file.slice(0, file.lastIndexOf(`${sep}${scope}${sep}`)), scope);
}

/**
 * Refuses code that cannot be unpacked here, without reading any file.
 *
 * @param code an archive in its wire form
 * @throws Error naming the entry
 */
export function checkArchive(code: unknown, name = "code"): void {
  const { [SIGNATURE_KEY]: signature, assets, path, text, uri } = asObject(code, name) as Json & { uri?: string };
  if (uri !== undefined) throw new Error(`${name} must be text, a file or a folder of this machine, got the address ${uri}`);
  if (signature === ASSET_SIGNATURE && (typeof text === "string" || typeof path === "string")) return;
  if (signature !== ARCHIVE_SIGNATURE) throw new Error(`${name} must be an archive or asset, got neither`);
  if (typeof path === "string") return;
  for (const [entry, value] of Object.entries(asObject(assets, `${name}.assets`))) {
    if (isAbsolute(entry) || normalize(entry).split(sep).includes(".."))
      throw new Error(`${name} must stay in its folder, got the entry ${entry}`);
    checkArchive(value, `${name}/${entry}`);
  }
}

/**
 * Unpacks an archive: nested archives become folders, as they do in the deployment package.
 *
 * @param code an archive in its wire form; relative paths start at the working directory
 * @param target absolute path of a folder, or of the file when `code` is an asset
 */
export async function unpack(code: unknown, target: string): Promise<void> {
  checkArchive(code);
  const { [SIGNATURE_KEY]: signature, assets, path, text } = code as Record<string, string> & { assets?: Json };
  if (signature === ASSET_SIGNATURE) {
    await mkdir(dirname(target), { recursive: true });
    await (text === undefined ? copyFile(path, target) : writeFile(target, text));
    return;
  }
  await mkdir(target, { recursive: true });
  for (const [entry, value] of Object.entries(assets ?? {})) await unpack(value, join(target, entry));
  if (path !== undefined) await unpackPath(path, target);
}

async function unpackPath(path: string, target: string): Promise<void> {
  if ((await stat(path)).isDirectory()) await cp(path, target, { recursive: true, dereference: true });
  else if (path.endsWith(".zip") || path.endsWith(".jar")) new AdmZip(path).extractAllTo(target, true);
  else throw new Error(`code must be a folder or a .zip file, got ${path}`);
}

function asObject(value: unknown, name: string): Json {
  if (typeof value !== "object" || value === null) throw new Error(`${name} must be an archive or asset, got ${typeof value}`);
  return value as Json;
}
