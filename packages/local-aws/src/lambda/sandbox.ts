import { createRequire } from "node:module";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { unpack } from "./archive";

/** Packages that the Node.js runtimes bring: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html */
const SDK_SCOPES = { "@aws-sdk": "@aws-sdk/client-s3", "@smithy": "@smithy/types" };

/** Where functions live: a temporary folder outside the repository with the runtime's script, the SDK and each function's code. */
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
  const root = await mkdtemp(join(tmpdir(), "c360-functions-"));
  await mkdir(join(root, "sdk"));
  await copyFile(join(__dirname, "bootstrap.cjs"), join(root, "bootstrap.cjs"));
  for (const [scope, member] of Object.entries(SDK_SCOPES)) await symlink(scopeFolder(scope, member), join(root, "sdk", scope), "dir");
  return root;
}

/** Folder of a scope, found by one of its packages wherever npm put it. */
function scopeFolder(scope: string, member: string): string {
  const file = createRequire(__filename).resolve(member);
  return join(file.slice(0, file.lastIndexOf(`${sep}${scope}${sep}`)), scope);
}
