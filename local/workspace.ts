import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../cli/usageError";

/** Layout of the folder; another one's state is not read. */
const VERSION = "1";
/** What this program ever put there, but for what later runs keep: the lock and `venv`. */
const OWN_ENTRIES = ["state", "endpoint.json", "report.json", "version"];

/** An access key as other clients read it. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** How other clients reach the running cloud; the access key is the account owner's. */
export interface Endpoint extends AccessKey {
  /** `http://127.0.0.1:PORT` */
  endpoint: string;
  region: string;
  accountId: string;
  /** Name of the stack that is deployed. */
  stack: string;
  /** By tenant, once the program is deployed: its outputs, and the access keys of users with just the producers' policy and, with a campaign, the consumers'. */
  tenants?: Record<string, { producer: AccessKey; consumer?: AccessKey; stateMachineArn: string }>;
}

/** @param folder absolute path of `.local` */
export const venvIn = (folder: string): string => join(folder, "venv");

/** The folder of a run, held by one process at a time. */
export class Workspace {
  private constructor(private readonly folder: string) {}

  /**
   * Takes the folder and clears the state of the run before.
   *
   * @param folder absolute path of `.local`
   * @param note told in one line of what else had to go
   * @throws UsageError naming the process that holds it
   */
  static open(folder: string, note: (line: string) => void): Workspace {
    mkdirSync(folder, { recursive: true });
    takeLock(join(folder, "lock"));
    const workspace = new Workspace(folder);
    try {
      workspace.clear(note);
    } catch (error) {
      workspace.close();
      throw error;
    }
    return workspace;
  }

  private clear(note: (line: string) => void): void {
    const { folder } = this;
    const version = join(folder, "version");
    const found = existsSync(version) ? readFileSync(version, "utf8").trim() : "none";
    const entries = OWN_ENTRIES.filter((entry) => existsSync(join(folder, entry)));
    if (entries.length > 0 && found !== VERSION)
      note(`${folder} is of version ${found}, not ${VERSION}: removed ${entries.join(", ")} there`);
    for (const entry of OWN_ENTRIES) rmSync(join(folder, entry), { recursive: true, force: true });
    writeFileSync(version, `${VERSION}\n`);
    mkdirSync(this.stateDir);
  }

  /** Absolute path of the cloud's state. */
  get stateDir(): string {
    return join(this.folder, "state");
  }

  /** Absolute path of the virtual environment of the jobs' scripts. */
  get venv(): string {
    return venvIn(this.folder);
  }

  /** Absolute path of the report. */
  get reportFile(): string {
    return join(this.folder, "report.json");
  }

  /** Absolute path of the file that tells other clients where the cloud is. */
  get endpointFile(): string {
    return join(this.folder, "endpoint.json");
  }

  /** Tells other clients of this user where the cloud is; they never see half a file. */
  writeEndpoint(endpoint: Endpoint): void {
    const draft = `${this.endpointFile}.${process.pid}`;
    rmSync(draft, { force: true });
    writeFileSync(draft, `${JSON.stringify({ ...endpoint, pid: process.pid }, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.endpointFile);
  }

  /** Gives the folder back; the state stays to be looked at. */
  close(): void {
    rmSync(this.endpointFile, { force: true });
    rmSync(join(this.folder, "lock"), { force: true });
  }
}

/** The lock appears with its content at once, so that nobody reads a half-written one. */
function takeLock(lock: string): void {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      if (link(own, lock)) return;
      const holder = readHolder(lock);
      if (holder === undefined) continue;
      if (isAlive(holder)) throw held(lock, holder);
      moveAway(lock, holder);
    }
    throw new UsageError(`another npm start is taking ${lock}`);
  } finally {
    rmSync(own, { force: true });
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Process id in the lock; undefined when the lock has just gone, NaN when it holds something else. */
function readHolder(lock: string): number | undefined {
  try {
    const text = readFileSync(lock, "utf8").trim();
    return /^\d+$/.test(text) ? Number(text) : NaN;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Removes the lock of a dead process; one that another process took in the meantime goes back. */
function moveAway(lock: string, dead: number): void {
  const aside = `${lock}.${process.pid}.dead`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readHolder(aside) ?? NaN;
  try {
    if (!Object.is(moved, dead)) {
      link(aside, lock);
      throw held(lock, moved);
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

function held(lock: string, pid: number): UsageError {
  return new UsageError(`another npm start is running (pid ${pid}, ${lock}): wait for it, or stop it`);
}

/** True while a process of that id runs; false for NaN. */
export function isAlive(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
