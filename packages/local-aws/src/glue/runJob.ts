import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Python } from "./python";
import { LogShipper } from "../lambda/logShipper";
import { ServiceError, type Cloud, type Principal } from "../service";
import { modulesOf, type ObjectPlace } from "./jobArguments";
import { argumentsOf, logPrefixOf, type JobRun } from "./jobRun";
import type { JobSettings } from "./jobSettings";
import { runScript } from "./scriptProcess";

/**
 * Does a run's work, as the job's role: fetches the script and the modules beside it, runs it, brings what it prints, on both ways, to the
 * group `output`; what Glue itself has to say, in `error`, is nothing here: https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
 *
 * @param python tells which Python runs it
 * @param signal ends the work when it aborts
 * @returns what went wrong, as Glue shows it; undefined: nothing
 * @throws ServiceError AccessDenied when the role does not trust Glue
 */
export async function runJob(
  cloud: Cloud,
  job: JobSettings,
  run: JobRun,
  python: () => Promise<Python>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const principal = cloud.assume(job.roleArn, "glue.amazonaws.com");
  const folder = await mkdtemp(join(tmpdir(), "c360-glue-"));
  const shipper = new LogShipper(cloud, principal, `${logPrefixOf(job, run)}/output`, run.id);
  try {
    const given = argumentsOf(job, run);
    for (const object of [job.script, ...modulesOf(given)]) {
      const refused = await fetchFile(cloud, principal, object, folder);
      if (refused !== undefined) return refused;
    }
    const found = await python();
    if ("missing" in found) return `the local cloud needs Python to run a job: ${found.missing}`;
    signal.throwIfAborted();
    const own = { "--JOB_NAME": job.name, "--JOB_RUN_ID": run.id };
    const args = Object.entries({ ...given, ...own }).flat();
    const variables = variablesOf(cloud, principal, folder);
    const log = (line: string): void => shipper.add(line);
    const file = join(folder, basename(job.script.key));
    return await runScript({ interpreter: found.interpreter, file, args, variables, log }, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await shipper.flush();
  }
}

/** @returns why the file is not in the folder, as Glue shows it; undefined: it is there */
async function fetchFile(cloud: Cloud, principal: Principal, { bucket, key }: ObjectPlace, folder: string): Promise<string | undefined> {
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

/** HOME keeps the SDK from reading the settings of whoever runs the cloud. */
function variablesOf(cloud: Cloud, principal: Principal, folder: string): Record<string, string> {
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
