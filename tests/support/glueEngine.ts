import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ExportSource } from "../../components/interactionExport/exportLocations";
import type { ExportEvent } from "../../functions/exportInteractions/event";
import type { ExportAnswer } from "../../functions/exportInteractions/export";
import type { Cloud, Credentials } from "@c360/local-aws";
import { BUCKETS, type DeployedJob, exportJob } from "./deployedExports";
import type { Engine, Outcome, RunOptions } from "./exportFixture";

/** Constants of the script that make small objects have several parts, as large ones have. */
export const SMALL_SIZES = { UPLOAD_BYTES: 5 * 1024 ** 2, COPY_BYTES: 12 * 1024 ** 2 };

/** The Glue job's script, as processes of the test's own. */
export class GlueEngine implements Engine {
  readonly name = "glue";
  readonly service = "glue.amazonaws.com";
  private readonly running = new Set<ChildProcess>();

  private constructor(
    readonly job: DeployedJob,
    private readonly interpreter: string,
  ) {}

  /**
   * @param interpreter absolute path of a Python that has boto3
   * @param source parts of another pipeline. @default those of a query
   */
  static async deploy(interpreter: string, source?: ExportSource): Promise<GlueEngine> {
    return new GlueEngine(await exportJob(source), interpreter);
  }

  get policy() {
    return this.job.policy;
  }

  async run(event: ExportEvent, cloud: Cloud, credentials: Credentials, { endpoint = cloud.endpoint }: RunOptions): Promise<Outcome> {
    const args = argumentsOf(event);
    const argv = [...Object.entries(this.job.inputs.defaultArguments), ...Object.entries(args)].flat();
    const folder = await mkdtemp(join(tmpdir(), "c360-job-"));
    const texts = Object.entries(scriptTexts(this.job));
    for (const [key, text] of texts) await writeFile(join(folder, basename(key)), text);
    const child = spawn(this.interpreter, [join(folder, basename(texts[0][0])), ...argv], {
      cwd: folder,
      env: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_DEFAULT_REGION: cloud.region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
        AWS_EC2_METADATA_DISABLED: "true",
      },
    });
    this.running.add(child);
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    this.running.delete(child);
    await rm(folder, { recursive: true });
    if (code !== 0) return { error: jobError(signal ?? stderr.trim().split("\n").at(-1) ?? "") };
    const owner = new S3Client({ endpoint: cloud.endpoint, region: cloud.region, credentials });
    try {
      const { Body } = await owner.send(new GetObjectCommand({ Bucket: BUCKETS.cache, Key: args["--answer_s3_key"] }));
      return { answer: JSON.parse((await Body?.transformToString()) ?? "") as ExportAnswer };
    } finally {
      owner.destroy();
    }
  }

  async kill(): Promise<void> {
    const ends = [...this.running].map((child) => once(child, "close"));
    for (const child of this.running) child.kill("SIGKILL");
    await Promise.all(ends);
  }

  close(): Promise<void> {
    return this.kill();
  }
}

/** Arguments of a job run, as the pipeline passes them. */
export function argumentsOf(event: ExportEvent): Record<string, string> {
  const { runId, runDate, maxShrink } = event;
  const counts =
    "source" in event
      ? {
          ...{ least_rows: event.leastRows, least_repeat_users: event.leastRepeatUsers },
          ...{ least_repeat_percent: event.leastRepeatPercent, most_event_types: event.mostEventTypes },
        }
      : { parts_manifest: event.manifest, rows: event.rows, users: event.users, items: event.items, bytes: event.bytes };
  const args = {
    run_id: runId,
    run_date: runDate,
    max_shrink: maxShrink,
    ...counts,
    answer_s3_key: `recommender/inflated/${runId}/answer.json`,
  };
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [`--${name}`, String(value)]));
}

/** @param text of the exception that ended the script, or how the run ended otherwise */
export function jobError(text: string): { name: string; message: string } {
  const [, name = text, message = text] = /^ExportError: (\w+): (.*)$/.exec(text) ?? [];
  return { name, message };
}

/**
 * Texts of a job's script and its modules by their keys, the script's first, with smaller sizes.
 *
 * @throws Error when none of them has such a constant
 */
export function scriptTexts({ files }: DeployedJob): Record<string, string> {
  const texts = Object.fromEntries(Object.entries(files).map(([key, path]) => [key, readFileSync(path, "utf8")]));
  for (const [name, size] of Object.entries(SMALL_SIZES)) {
    const line = new RegExp(`^${name} = .*$`, "m");
    const key = Object.keys(texts).find((one) => line.test(texts[one]));
    if (key === undefined) throw new Error(`the script has no ${name}`);
    texts[key] = texts[key].replace(line, `${name} = ${size}`);
  }
  return texts;
}
