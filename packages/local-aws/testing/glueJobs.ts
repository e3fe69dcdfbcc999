import { BatchStopJobRunCommand, GetJobRunCommand, GlueClient, type JobRun, StartJobRunCommand } from "@aws-sdk/client-glue";
import * as assert from "node:assert/strict";
import { type GlueOptions, makeGlue } from "../src/glue";
import { logs } from "../src/logs";
import { s3 } from "../src/s3";
import type { Json, Statement } from "../src/service";
import { ASSET_SIGNATURE, SIGNATURE_KEY } from "../src/lambda/sandbox";
import { type TestCloud, withCloud } from "./cloud";
import { eventually } from "./eventually";
import { testPython } from "./python";

/** Bucket of the scripts and their output. */
export const BUCKET = "shop-infra";
/** The one job, and the groups of its log. */
export const JOB = "shop-export";
export const LOG = "/aws-glue/jobs/shop-export";

const MAY: Statement[] = [
  { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${BUCKET}/glue_jobs/*` },
  { Effect: "Allow", Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*" },
];

/** Inputs of the job. */
export const JOB_INPUTS = {
  name: JOB,
  roleArn: "arn:aws:iam::123456789012:role/job",
  glueVersion: "5.0",
  command: { name: "glueetl", pythonVersion: "3", scriptLocation: `s3://${BUCKET}/glue_jobs/export.py` },
  workerType: "G.1X",
  numberOfWorkers: 2,
  timeout: 1,
  maxRetries: 0,
  executionProperty: { maxConcurrentRuns: 2 },
  executionClass: "STANDARD",
  defaultArguments: { "--stage": "dev", "--header": "A,B", "--custom-logGroup-prefix": LOG },
};

/** A text as a Pulumi asset. */
export const textAsset = (text: string): Json => ({ [SIGNATURE_KEY]: ASSET_SIGNATURE, text });

/** A cloud with S3, logs and Glue, and a role `job` for jobs. */
export class GlueJobs {
  readonly glue: GlueClient;

  private constructor(readonly running: TestCloud) {
    this.glue = new GlueClient({ ...running.client, maxAttempts: 1 });
  }

  static async open(options: GlueOptions = {}): Promise<GlueJobs> {
    const jobs = new GlueJobs(await withCloud([s3, logs, makeGlue({ startMs: 0, python: testPython, ...options })]));
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "glue.amazonaws.com" } };
    await jobs.create("aws:iam/role:Role", { name: "job", assumeRolePolicy: { Version: "2012-10-17", Statement: trust } });
    await jobs.allow(MAY);
    return jobs;
  }

  close(): Promise<void> {
    this.glue.destroy();
    return this.running.stop();
  }

  create(type: string, inputs: Json): Promise<{ id: string; state: Json }> {
    return this.running.cloud.create(type, inputs, `urn:pulumi:test::test::${type}::made`);
  }

  /** Sets the job's role permissions: those that every job needs, and `more`. */
  async allow(all: Statement[], ...more: Statement[]): Promise<void> {
    const policy = { Version: "2012-10-17", Statement: [...all, ...more] };
    await this.create("aws:iam/rolePolicy:RolePolicy", { name: "job", role: "job", policy });
  }

  /** Adds permissions to those that every job needs. */
  allowMore(...more: Statement[]): Promise<void> {
    return this.allow(MAY, ...more);
  }

  /** Creates bucket, script and job. */
  async deploy(script: string, changes: Json = {}): Promise<void> {
    await this.create("aws:s3/bucket:Bucket", { bucket: BUCKET });
    await this.deployScript(script);
    await this.create("aws:glue/job:Job", { ...JOB_INPUTS, ...changes });
  }

  /** @param key of the script, or of a module */
  async deployScript(script: string, key = "glue_jobs/export.py"): Promise<void> {
    await this.create("aws:s3/bucketObjectv2:BucketObjectv2", { bucket: BUCKET, key, source: textAsset(script) });
  }

  async start(Arguments?: Record<string, string>): Promise<string> {
    return (await this.glue.send(new StartJobRunCommand({ JobName: JOB, Arguments }))).JobRunId ?? "";
  }

  async look(RunId: string): Promise<JobRun> {
    const { JobRun } = await this.glue.send(new GetJobRunCommand({ JobName: JOB, RunId }));
    return JobRun ?? assert.fail("no run");
  }

  /** Waits until a run has ended. */
  ended(RunId: string): Promise<JobRun> {
    return eventually(async () => {
      const run = await this.look(RunId);
      assert.ok(run.CompletedOn);
      return run;
    });
  }

  /** Starts a run and waits for its end. */
  async run(Arguments?: Record<string, string>): Promise<JobRun> {
    return this.ended(await this.start(Arguments));
  }

  async stop(...JobRunIds: string[]) {
    return this.glue.send(new BatchStopJobRunCommand({ JobName: JOB, JobRunIds }));
  }

  /** Lines that a run printed. */
  async lines(logStreamName: string, prefix = LOG): Promise<string[]> {
    const { cloud, owner } = this.running;
    const { output } = await cloud.call(owner, "logs", "GetLogEvents", { logGroupName: `${prefix}/output`, logStreamName });
    return (output as { events: { message: string }[] }).events.map(({ message }) => message);
  }

  /** Waits for the first line of a run's output. */
  firstLine(id: string): Promise<string> {
    return eventually(async () => (await this.lines(id))[0] ?? assert.fail("no line"));
  }
}
