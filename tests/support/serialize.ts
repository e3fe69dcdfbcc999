import { fork, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Packages of the SDK, which the Lambda runtime has; no other package can be required. */
const RUNTIME_PACKAGES = ["@aws-sdk", "@smithy"];

/** A child's maxRSS starts with its parent's; VmHWM does not. */
const DRIVER = `
const { readFileSync } = require("node:fs");
const peakKiB = () => {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\\s+(\\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
};
const { handler } = require("./__index");
process.on("message", async ({ event, milliseconds }) => {
  const end = Date.now() + milliseconds;
  const before = process.cpuUsage();
  const usage = () => {
    const { user, system } = process.cpuUsage(before);
    return { cpuSeconds: (user + system) / 1e6, peakMiB: peakKiB() / 1024 };
  };
  try {
    const result = await handler(event, { getRemainingTimeInMillis: () => end - Date.now() });
    process.send({ invocation: { result }, usage: usage() });
  } catch ({ name, message }) {
    process.send({ invocation: { error: { name, message } }, usage: usage() });
  }
});
process.send({ ready: true });
`;

/** How an invocation ended. */
export type Invocation = { result: unknown; error?: undefined } | { error: { name: string; message: string }; result?: undefined };

/** Resources that an invocation used. */
export interface Usage {
  /** CPU seconds of the whole process. */
  cpuSeconds: number;
  /** Peak memory of the process so far. */
  peakMiB: number;
}

/** A function's archive in a process of its own, outside the repository. */
export interface SerializedFunction {
  /** @param milliseconds the invocation's time limit. @default 60000 */
  invoke(event: unknown, milliseconds?: number): Promise<Invocation>;
  /** Of the last invocation. */
  usage(): Usage;
  /** Lines that the function has written. */
  logs(): Record<string, unknown>[];
  /** Kills the process; removes its folder. */
  stop(): Promise<void>;
}

/**
 * Files of a function's archive as the program registers it.
 *
 * @param code the function's `code` input
 * @throws Error with the name of an entry that is not inline text
 */
export function archiveFiles(code: unknown): Record<string, string> {
  const { assets } = code as { assets: Record<string, { text?: string }> };
  const entries = Object.entries(assets).map(([path, { text }]): [string, string] => {
    if (text === undefined) throw new Error(`archive entry ${path} must be inline text`);
    return [path, text];
  });
  return Object.fromEntries(entries);
}

/**
 * Loads a function's archive in a folder outside the repository, where only the SDK can be required.
 *
 * @param files content by path, including `__index.js`
 * @param env the process's whole environment beside NODE_PATH
 * @throws Error with the function's own output when it fails to load
 */
export async function loadSerialized(files: Record<string, string>, env: Record<string, string>): Promise<SerializedFunction> {
  const folder = await mkdtemp(join(tmpdir(), "c360-function-"));
  const packages = join(folder, "runtime");
  const code = join(folder, "task");
  await mkdir(packages);
  for (const scope of RUNTIME_PACKAGES) await symlink(join(__dirname, "../../node_modules", scope), join(packages, scope));
  for (const [path, content] of Object.entries({ ...files, "driver.js": DRIVER })) {
    await mkdir(dirname(join(code, path)), { recursive: true });
    await writeFile(join(code, path), content);
  }
  const child = fork(join(code, "driver.js"), [], { cwd: code, env: { ...env, NODE_PATH: packages }, execArgv: [], silent: true });
  let out = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await message(child, () => errors);
  } catch (error) {
    await stop();
    throw error;
  }
  let last: Usage = { cpuSeconds: 0, peakMiB: 0 };
  return {
    invoke: async (event, milliseconds = 60_000) => {
      child.send({ event, milliseconds });
      const { invocation, usage } = (await message(child, () => errors)) as { invocation: Invocation; usage: Usage };
      last = usage;
      return invocation;
    },
    usage: () => last,
    logs: () =>
      out
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    stop,
  };
}

function message(child: ChildProcess, errors: () => string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the function ended with ${code}: ${errors()}`));
    child.once("close", onExit);
    child.once("message", (received) => {
      child.off("close", onExit);
      resolve(received);
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
