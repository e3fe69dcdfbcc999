import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { LogShipper } from "../lambda/logShipper";
import { ServiceError, type Cloud, type Principal } from "../service";
import { argumentsOf, logPrefixOf, type JobRun } from "./jobRuns";
import { modulesOf, type ObjectLocation } from "./jobs";
import type { Python } from "./python";

/**
 * Runs a job as its role: downloads the script and its modules, runs the script, and ships what it prints, to either output,
 * to the log group `output`. The group `error`, which holds what Glue itself logs, stays empty.
 *
 * @param python resolves to the Python that runs it
 * @param signal kills the script when it aborts
 * @returns what went wrong, as Glue shows it; undefined when the script succeeded
 * @throws ServiceError AccessDenied when the role does not trust Glue
 * @see https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
 */
export async function runJob(cloud: Cloud, run: JobRun, python: () => Promise<Python>, signal: AbortSignal): Promise<string | undefined> {
  const { job, id } = run;
  const principal = cloud.assume(job.roleArn, "glue.amazonaws.com");
  const folder = await mkdtemp(join(tmpdir(), "local-glue-"));
  const shipper = new LogShipper(cloud, principal, `${logPrefixOf(run)}/output`, id);
  try {
    const given = argumentsOf(run);
    for (const object of [job.script, ...modulesOf(given)]) {
      const refused = await download(cloud, principal, object, folder);
      if (refused !== undefined) return refused;
    }
    const found = await python();
    if ("missing" in found) return `the local cloud needs Python to run a job: ${found.missing}`;
    signal.throwIfAborted();
    return await runScript(
      {
        interpreter: found.interpreter,
        file: join(folder, basename(job.script.key)),
        args: Object.entries({ ...given, "--JOB_NAME": job.name, "--JOB_RUN_ID": id }).flat(),
        env: environmentOf(cloud, principal, folder),
        log: (line) => shipper.add(line),
      },
      signal,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
    await shipper.flush();
  }
}

/** @returns why the file cannot be downloaded, as Glue shows it */
async function download(cloud: Cloud, principal: Principal, { bucket, key }: ObjectLocation, folder: string): Promise<string | undefined> {
  try {
    const { body = Buffer.alloc(0) } = await cloud.call(principal, "s3", "GET /{Bucket}/{Key+}", { Bucket: bucket, Key: key, headers: {} });
    await pipeline(Buffer.isBuffer(body) ? Readable.from([body]) : body, createWriteStream(join(folder, basename(key))));
    return undefined;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const details = `(Service: Amazon S3; Status Code: ${error.status}; Error Code: ${error.code})`;
    return `LAUNCH ERROR | Error downloading from S3 for bucket: ${bucket}, key: ${key}. ${error.message} ${details}`;
  }
}

/** The whole environment of the script; HOME keeps the SDK from reading the settings of whoever runs the cloud. */
function environmentOf(cloud: Cloud, principal: Principal, folder: string): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken = "" } = principal.credentials;
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_REGION: cloud.region,
    AWS_DEFAULT_REGION: cloud.region,
    AWS_ENDPOINT_URL: cloud.endpoint,
    HOME: folder,
    LANG: "C.UTF-8",
    PATH: "/usr/local/bin:/usr/bin:/bin",
    PYTHONUNBUFFERED: "1",
    TZ: "UTC",
  };
}

interface Script {
  /** Absolute path of a Python. */
  interpreter: string;
  /** Absolute path of the script; the process works in its folder. */
  file: string;
  args: string[];
  env: Record<string, string>;
  /** Takes each line that the process prints. */
  log: (line: string) => void;
}

/** Runs a script in a process group of its own, and kills the group when the script ends or the signal aborts. */
async function runScript({ interpreter, file, args, env, log }: Script, signal: AbortSignal): Promise<string | undefined> {
  const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
  const child = spawn(interpreter, [basename(file), ...args], { cwd: dirname(file), env, detached: true, stdio });
  const failure = lastError();
  createInterface({ input: child.stdout }).on("line", log);
  createInterface({ input: child.stderr }).on("line", (line) => {
    failure.read(line);
    log(line);
  });
  const kill = (): void => killGroup(child.pid);
  signal.addEventListener("abort", kill, { once: true });
  child.once("spawn", () => signal.aborted && kill());
  child.once("exit", kill);
  try {
    const [code, killer] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (code === 0) return undefined;
    return code === null ? `Command failed with signal ${killer}` : (failure.text() ?? `SystemExit: ${code}`);
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Finds the exception of the last traceback, its class and message, in the lines that a Python prints to its error output. */
export function lastError(): { read(line: string): void; text(): string | undefined } {
  let inside = false;
  let found: string | undefined;
  return {
    read: (line) => {
      if (line === "Traceback (most recent call last):") inside = true;
      else if (inside && /^\S/.test(line)) {
        found = line;
        inside = false;
      }
    },
    text: () => found,
  };
}
