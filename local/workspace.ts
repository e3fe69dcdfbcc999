import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../cli/shared/command";

/** Version of the folder's layout. State of another version is removed. */
const VERSION = "1";
/** What runs put there, without the lock and `venv`, which later runs keep. */
const OWN_ENTRIES = ["state", "endpoint.json", "report.json", "version"];

/** An access key as other clients read it. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** How other clients reach the running cloud. The access key is the account owner's. */
export interface Endpoint extends AccessKey {
  /** `http://127.0.0.1:PORT` */
  endpoint: string;
  region: string;
  accountId: string;
  /** Name of the stack that is deployed. */
  stack: string;
  /**
   * By tenant, once the program is deployed: its outputs, with the access keys of users who have the policy of producers alone and,
   * with a campaign, that of consumers alone.
   */
  tenants?: Record<string, { producer: AccessKey; consumer?: AccessKey; stateMachineArn: string }>;
}

/**
 * Absolute path of the virtual environment for the scripts of Glue jobs.
 *
 * @param folder absolute path of `.local`
 */
export function venvIn(folder: string): string {
  return join(folder, "venv");
}

/** The folder `.local`. One process holds it at a time. */
export class Workspace {
  private constructor(private readonly folder: string) {}

  /**
   * Locks the folder and removes the state of the previous run.
   *
   * @param folder absolute path of `.local`
   * @param print receives a line when state of another version is removed
   * @throws UsageError naming the process that holds the folder
   */
  static open(folder: string, print: (line: string) => void): Workspace {
    mkdirSync(folder, { recursive: true });
    lockFile(join(folder, "lock"));
    const workspace = new Workspace(folder);
    try {
      workspace.clear(print);
    } catch (error) {
      workspace.close();
      throw error;
    }
    return workspace;
  }

  private clear(print: (line: string) => void): void {
    const { folder } = this;
    const version = join(folder, "version");
    const found = existsSync(version) ? readFileSync(version, "utf8").trim() : "none";
    const entries = OWN_ENTRIES.filter((entry) => existsSync(join(folder, entry)));
    if (entries.length > 0 && found !== VERSION) print(`${folder} has version ${found}, not ${VERSION}: removed ${entries.join(", ")}`);
    for (const entry of OWN_ENTRIES) rmSync(join(folder, entry), { recursive: true, force: true });
    writeFileSync(version, `${VERSION}\n`);
    mkdirSync(this.stateDir);
  }

  /** Absolute path of the cloud's state. */
  get stateDir(): string {
    return join(this.folder, "state");
  }

  /** Absolute path of the report. */
  get reportFile(): string {
    return join(this.folder, "report.json");
  }

  /** Absolute path of the file from which other clients learn how to reach the cloud. */
  get endpointFile(): string {
    return join(this.folder, "endpoint.json");
  }

  /** Tells other clients of this user how to reach the cloud. The file is replaced atomically. */
  writeEndpoint(endpoint: Endpoint): void {
    const draft = `${this.endpointFile}.${process.pid}`;
    rmSync(draft, { force: true });
    writeFileSync(draft, `${JSON.stringify({ ...endpoint, pid: process.pid }, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.endpointFile);
  }

  /** Unlocks the folder. The state stays for inspection. */
  close(): void {
    rmSync(this.endpointFile, { force: true });
    rmSync(join(this.folder, "lock"), { force: true });
  }
}

/**
 * Finds the local cloud that is running.
 *
 * @param folder absolute path of `.local`
 * @returns undefined when none is running
 */
export function readEndpoint(folder: string): Endpoint | undefined {
  try {
    const endpoint = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as Endpoint & { pid: number };
    return isAlive(endpoint.pid) ? endpoint : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates the lock by a link, so that it appears with its content. */
function lockFile(lock: string): void {
  const own = `${lock}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      if (link(own, lock)) return;
      const holder = readHolder(lock);
      if (holder === undefined) continue;
      if (isAlive(holder)) throw lockedBy(lock, holder);
      moveAway(lock, holder);
    }
    throw new UsageError(`another npm start is starting (${lock})`);
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

/** Reads the process id in the lock. @returns undefined when the lock is gone, NaN when it holds something else */
function readHolder(lock: string): number | undefined {
  try {
    const text = readFileSync(lock, "utf8").trim();
    return /^\d+$/.test(text) ? Number(text) : NaN;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Removes the lock of a dead process. Puts it back if another process has taken it in the meantime. */
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
      throw lockedBy(lock, moved);
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

function lockedBy(lock: string, pid: number): UsageError {
  return new UsageError(`another npm start is running (pid ${pid}, ${lock}): wait for it, or stop it`);
}

/** Whether a process with that id is running; false for NaN. */
function isAlive(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
