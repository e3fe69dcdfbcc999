import * as assert from "node:assert/strict";
import { GetObjectCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type Policy, policy, trustPolicy } from "../../components/policies";
import type { Manifest } from "../../functions/exportInteractions/decide";
import type { ExportAnswer } from "../../functions/exportInteractions/export";
import { BUCKETS, exportFunctions } from "./exportFunctions";
import { COLUMNS } from "./exportParts";
import { ExportWorld, MANIFEST_FILE, TARGET } from "./exportWorld";
import { needPython } from "./python";

const SCRIPT = join(__dirname, "../../functions/glue/dashboard_interaction_export.py");
const ROLE = "acme-c360-recommender-glue-dev";
const WORK = "recommender/inflated/";

/** Where the tests' source has its parts. */
export const SOURCE = "crm/interactions/";

/** Arguments of the job and of a run, by name. */
export type JobArguments = Record<string, string>;

/** How a run ended. */
export type JobRun =
  | { answer: ExportAnswer; figures: Record<string, unknown>; error?: undefined }
  | { error: { name: string; message: string }; answer?: undefined };

interface RunOptions {
  sizes?: Partial<Record<"UPLOAD_BYTES" | "COPY_BYTES", number>>;
  endpoint?: string;
}

/** The export's Glue script beside its Lambda function, with the local S3, under a role of its own. */
export class GlueWorld {
  private readonly running = new Set<ChildProcessByStdio<null, Readable, Readable>>();

  private constructor(
    readonly lambda: ExportWorld,
    private readonly interpreter: string,
  ) {}

  /** @param interpreter absolute path of a Python that has boto3 */
  static async open(interpreter: string): Promise<GlueWorld> {
    const lambda = await ExportWorld.open();
    const { cloud } = lambda.cloud;
    await cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKETS.lake }, "urn:lake");
    await cloud.create("aws:iam/role:Role", { name: ROLE, assumeRolePolicy: trustPolicy("glue.amazonaws.com") }, "urn:glueRole");
    const world = new GlueWorld(lambda, interpreter);
    await world.allow((all) => all);
    return world;
  }

  async close(): Promise<void> {
    await this.kill();
    await this.lambda.close();
  }

  /** Gives the role its policy, changed. */
  async allow(change: (all: Policy) => Policy): Promise<void> {
    const inputs = { name: "export", role: ROLE, policy: change(rolePolicy()) };
    await this.lambda.cloud.cloud.create("aws:iam/rolePolicy:RolePolicy", inputs, "urn:gluePolicy");
  }

  /**
   * Runs the job once, to its end.
   *
   * @param sizes constants of the script that differ, so that small objects have several parts
   * @param endpoint of S3. @default the cloud's own
   */
  async run(changes: JobArguments, { sizes = {}, endpoint = this.lambda.cloud.cloud.endpoint }: RunOptions = {}): Promise<JobRun> {
    const answerKey = `${WORK}${changes.run_id}/answer.json`;
    const args = Object.entries({ ...SETTINGS, answer_s3_key: answerKey, ...changes }).flatMap(([name, value]) => [`--${name}`, value]);
    const { cloud } = this.lambda.cloud;
    const { credentials } = cloud.assume(`arn:aws:iam::${cloud.account}:role/${ROLE}`, "glue.amazonaws.com");
    const child = spawn(this.interpreter, ["-c", script(sizes), ...args], {
      cwd: tmpdir(),
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_DEFAULT_REGION: cloud.region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_EC2_METADATA_DISABLED: "true",
        ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
      },
    });
    this.running.add(child);
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (texts[name] += chunk.toString()));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    this.running.delete(child);
    if (code === 0) return { answer: await this.answer(answerKey), figures: JSON.parse(texts.stdout) as Record<string, unknown> };
    const last = texts.stderr.trim().split("\n").at(-1) ?? "";
    const [, name = signal ?? "Unknown", message = last] = /^ExportError: (\w+): (.*)$/.exec(last) ?? [];
    return { error: { name, message } };
  }

  /** Kills what runs, as a lost machine does. */
  async kill(): Promise<void> {
    const ends = [...this.running].map((child) => once(child, "close"));
    for (const child of this.running) child.kill("SIGKILL");
    await Promise.all(ends);
  }

  /** Multipart uploads in cache that nobody completed or aborted. */
  async openWork(): Promise<number> {
    const { Uploads = [] } = await this.lambda.client.send(new ListMultipartUploadsCommand({ Bucket: BUCKETS.cache }));
    return Uploads.length;
  }

  private async answer(Key: string): Promise<ExportAnswer> {
    const { Body } = await this.lambda.client.send(new GetObjectCommand({ Bucket: BUCKETS.cache, Key }));
    return JSON.parse((await Body?.transformToString()) ?? "") as ExportAnswer;
  }
}

/**
 * What the pipeline passes for a query's parts.
 *
 * @param event what it passes to the Lambda function
 */
export function queryArguments(event: Omit<Manifest, "columns"> & { manifest: string }): JobArguments {
  const { runId, runDate, manifest, rows, users, items, bytes } = event;
  const counts = { rows: `${rows}`, users: `${users}`, items: `${items}`, bytes: `${bytes}` };
  return { run_id: runId, run_date: runDate, parts_manifest: manifest, ...counts };
}

/** What the pipeline passes for a source. */
export function sourceArguments(changes: JobArguments = {}): JobArguments {
  return { run_id: "0123456789ab-1", run_date: "2026-11-24", least_rows: "3", least_repeat_users: "1", ...changes };
}

const SETTINGS: JobArguments = {
  ...{ stage: "dev", tenant: "acme", dataset: "crm", table: "interactions", sink_zone: "downstream", sink_s3_key: TARGET },
  ...{ lake_bucket: BUCKETS.lake, cache_bucket: BUCKETS.cache, sink_bucket: BUCKETS.downstream, manifest_s3_key: MANIFEST_FILE },
  ...{ columns: COLUMNS, header: COLUMNS, parts_prefix: "recommender/parts/", work_prefix: WORK },
  ...{ JOB_NAME: "acme-c360-recommender-export-dev", "custom-logGroup-prefix": "/aws-glue/jobs/x", "enable-metrics": "" },
};

function script(sizes: RunOptions["sizes"] = {}): string {
  return Object.entries(sizes).reduce(
    (text, [name, size]) => {
      const changed = text.replace(new RegExp(`^${name} = .*$`, "m"), `${name} = ${size}`);
      if (changed === text) throw new Error(`the script has no ${name}`);
      return changed;
    },
    readFileSync(SCRIPT, "utf8"),
  );
}

function rolePolicy(): Policy {
  const allow = (Sid: string, actions: string[], Resource: string[], prefixes?: string[]) => ({
    ...{ Sid, Effect: "Allow" as const, Action: actions.map((action) => `s3:${action}`), Resource },
    ...(prefixes ? { Condition: { StringLike: { "s3:prefix": prefixes } } } : {}),
  });
  const arn = (bucket: string, key = "") => `arn:aws:s3:::${bucket}${key}`;
  const pair = [TARGET, MANIFEST_FILE];
  return policy(
    allow("Read", ["GetObject"], [arn(BUCKETS.cache, "/recommender/parts/*"), arn(BUCKETS.cache, "/athena/*")]),
    allow("ReadSource", ["GetObject"], [arn(BUCKETS.lake, `/${SOURCE}*`)]),
    allow("ListSource", ["ListBucket"], [arn(BUCKETS.lake)], [`${SOURCE}*`]),
    allow("Work", ["GetObject", "PutObject", "AbortMultipartUpload"], [arn(BUCKETS.cache, `/${WORK}*`)]),
    allow(
      "Write",
      ["GetObject", "PutObject", "AbortMultipartUpload"],
      pair.map((key) => arn(BUCKETS.downstream, `/${key}`)),
    ),
    allow("List", ["ListBucket"], [arn(BUCKETS.downstream)], pair),
  );
}

/** What a run answered. @throws AssertionError with its error */
export function jobAnswer({ answer, error }: JobRun): ExportAnswer {
  assert.ok(answer, JSON.stringify(error));
  return answer;
}

/** Gives each test of a suite a world of its own; without Python they are pending. */
export function eachWithGlue(take: (world: GlueWorld) => unknown): void {
  let interpreter: string;
  let world: GlueWorld;
  before(async function () {
    interpreter = await needPython(this);
    await exportFunctions();
  });
  beforeEach(async () => {
    world = await GlueWorld.open(interpreter);
    await take(world);
  });
  afterEach(() => world.close());
}
