import * as assert from "node:assert/strict";
import { GetObjectCommand, ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { BatchStopJobRunCommand, GetJobRunCommand, GlueClient, StartJobRunCommand } from "@aws-sdk/client-glue";
import type { ExportSource } from "../../components/interactionExport/exportLocations";
import { type Policy, trustPolicy } from "../../components/shared/policies";
import type { Manifest } from "../../functions/exportInteractions/decide";
import type { ExportAnswer } from "../../functions/exportInteractions/export";
import { logs, makeGlue } from "@c360/local-aws";
import { eventually, needPython, textAsset } from "@c360/local-aws/testing";
import { BUCKETS, exportFunctions } from "./exportFunctions";
import { type DeployedJob, exportJobOf } from "./exportJobs";
import { ExportWorld } from "./exportWorld";
import { JobProcesses } from "./jobProcesses";
import { type JobSizes, scriptTexts } from "./jobScripts";

const ROLE = "acme-c360-recommender-glue-dev";
const TRUSTED = "glue.amazonaws.com";

/** Somebody else's parts of the tests. */
export const SOURCE: ExportSource = { prefix: "crm/interactions/" };

/** Arguments of a run, by name. */
export type JobArguments = Record<string, string>;

/** How a run ended. */
export type JobRun =
  | { answer: ExportAnswer; figures: Record<string, unknown>; error?: undefined }
  | { error: { name: string; message: string }; answer?: undefined };

/** The export's Glue job beside its Lambda function, with the local S3 and Glue, as the program makes it but for its role's name. */
export class GlueWorld {
  private readonly glue: GlueClient;
  private readonly active = new Set<string>();
  private uploaded: string | undefined;

  private constructor(
    readonly lambda: ExportWorld,
    private readonly job: DeployedJob,
    private readonly processes: JobProcesses,
  ) {
    this.glue = new GlueClient({ ...lambda.cloud.client, maxAttempts: 1 });
  }

  /**
   * @param interpreter absolute path of a Python that has boto3
   * @param source somebody else's parts. @default those of a query
   */
  static async open(interpreter: string, source?: ExportSource): Promise<GlueWorld> {
    const python = () => Promise.resolve({ interpreter });
    const lambda = await ExportWorld.open(undefined, [logs, makeGlue({ startMs: 0, python })]);
    const { cloud } = lambda.cloud;
    const job = await exportJobOf(source);
    const world = new GlueWorld(lambda, job, new JobProcesses(cloud, interpreter));
    await cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKETS.infra }, "urn:infra");
    const role = await cloud.create("aws:iam/role:Role", { name: ROLE, assumeRolePolicy: trustPolicy(TRUSTED) }, "urn:glueRole");
    await world.allow((all) => all);
    for (const name of ["output", "error"].map((of) => `${job.inputs.defaultArguments["--custom-logGroup-prefix"]}/${of}`)) {
      await cloud.create("aws:cloudwatch/logGroup:LogGroup", { name }, `urn:${name}`);
    }
    await cloud.create("aws:glue/job:Job", { ...job.inputs, roleArn: role.state.arn }, "urn:job");
    return world;
  }

  async close(): Promise<void> {
    await this.processes.close();
    this.glue.destroy();
    await this.lambda.close();
  }

  /** Gives the role its policy, changed. */
  async allow(change: (all: Policy) => Policy): Promise<void> {
    const inputs = { name: "export", role: ROLE, policy: change(structuredClone(this.job.policy)) };
    await this.lambda.cloud.cloud.create("aws:iam/rolePolicy:RolePolicy", inputs, "urn:gluePolicy");
  }

  /**
   * Runs the job once by Glue, to its end.
   *
   * @param sizes constants of the script that differ, so that small objects have several parts
   */
  async run(changes: JobArguments, sizes: JobSizes = {}): Promise<JobRun> {
    await this.upload(sizes);
    const args = argumentsOf(changes);
    const Arguments = Object.fromEntries(Object.entries(args).map(([name, value]) => [`--${name}`, value]));
    const JobName = this.job.inputs.name;
    const { JobRunId: RunId = "" } = await this.glue.send(new StartJobRunCommand({ JobName, Arguments }));
    this.active.add(RunId);
    const ended = await eventually(
      async () => {
        const { JobRun } = await this.glue.send(new GetJobRunCommand({ JobName, RunId }));
        assert.ok(JobRun?.CompletedOn);
        return JobRun;
      },
      { everyMs: 50 },
    );
    this.active.delete(RunId);
    if (ended.JobRunState !== "SUCCEEDED") return failed(ended.ErrorMessage ?? ended.JobRunState ?? "");
    const { cloud, owner } = this.lambda.cloud;
    const input = { logGroupName: `${ended.LogGroupName}/output`, logStreamName: RunId };
    const { output } = await cloud.call(owner, "logs", "GetLogEvents", input);
    return this.succeeded(args, (output as { events: { message: string }[] }).events[0].message);
  }

  /**
   * Runs the job's script once without Glue, to its end, so that several run at once or see another S3.
   *
   * @param endpoint of S3. @default the cloud's own
   */
  async runScript(changes: JobArguments, sizes: JobSizes = {}, endpoint = this.lambda.cloud.cloud.endpoint): Promise<JobRun> {
    const args = argumentsOf(changes);
    const { cloud } = this.lambda.cloud;
    const { credentials } = cloud.assume(`arn:aws:iam::${cloud.account}:role/${ROLE}`, TRUSTED);
    const settings = Object.entries(this.job.inputs.defaultArguments).flat();
    const argv = [...settings, ...Object.entries(args).flatMap(([name, value]) => [`--${name}`, value])];
    const { output, error } = await this.processes.run(scriptTexts(this.job.files, sizes), argv, credentials, endpoint);
    return error === undefined ? this.succeeded(args, output) : failed(error);
  }

  /** Stops the job's runs, whose processes die at once, as on a lost machine. */
  async kill(): Promise<void> {
    const JobRunIds = [...this.active];
    await this.glue.send(new BatchStopJobRunCommand({ JobName: this.job.inputs.name, JobRunIds }));
  }

  /** Multipart uploads in a bucket that nobody completed or aborted. */
  async openUploads(Bucket: string): Promise<number> {
    const { Uploads = [] } = await this.lambda.client.send(new ListMultipartUploadsCommand({ Bucket }));
    return Uploads.length;
  }

  private async upload(sizes: JobSizes): Promise<void> {
    const version = JSON.stringify(sizes);
    if (version === this.uploaded) return;
    for (const [key, text] of Object.entries(scriptTexts(this.job.files, sizes))) {
      const inputs = { bucket: BUCKETS.infra, key, source: textAsset(text) };
      await this.lambda.cloud.cloud.create("aws:s3/bucketObjectv2:BucketObjectv2", inputs, `urn:${key}`);
    }
    this.uploaded = version;
  }

  private async succeeded({ answer_s3_key: Key }: JobArguments, figures: string): Promise<JobRun> {
    const { Body } = await this.lambda.client.send(new GetObjectCommand({ Bucket: BUCKETS.cache, Key }));
    const answer = JSON.parse((await Body?.transformToString()) ?? "") as ExportAnswer;
    return { answer, figures: JSON.parse(figures) as Record<string, unknown> };
  }
}

function argumentsOf(changes: JobArguments): JobArguments {
  return { answer_s3_key: `recommender/inflated/${changes.run_id}/answer.json`, ...changes };
}

/** @param text what Glue shows of the failure: the exception that ended the script, or the run's state */
function failed(text: string): JobRun {
  const [, name = text, message = text] = /^ExportError: (\w+): (.*)$/.exec(text) ?? [];
  return { error: { name, message } };
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

/** What a run answered. @throws AssertionError with its error */
export function jobAnswer({ answer, error }: JobRun): ExportAnswer {
  assert.ok(answer, JSON.stringify(error));
  return answer;
}

/**
 * Gives each test of a suite a world of its own; without Python they are pending.
 *
 * @param source somebody else's parts. @default those of a query
 */
export function eachWithGlue(take: (world: GlueWorld) => unknown, source?: ExportSource): void {
  let interpreter: string;
  let world: GlueWorld | undefined;
  before(async function () {
    interpreter = await needPython(this);
    await exportFunctions();
    await exportJobOf(source);
  });
  beforeEach(async () => {
    world = undefined;
    world = await GlueWorld.open(interpreter, source);
    await take(world);
  });
  afterEach(() => world?.close());
}
