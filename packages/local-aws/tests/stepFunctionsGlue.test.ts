import * as assert from "node:assert/strict";
import { type GlueOptions, makeGlue } from "../src/glue";
import { logs } from "../src/logs";
import { s3 } from "../src/s3";
import type { Json } from "../src/service";
import { BUCKET, JOB, JOB_INPUTS, textAsset } from "../testing/glueJobs";
import { eventually } from "../testing/eventually";
import { needPython, testPython } from "../testing/python";
import { machineOf, may, StepFunctionsBench, taskOf } from "../testing/stepFunctions";

const ALL = ["StartJobRun", "GetJobRun", "BatchStopJobRun"].map((name) => `glue:${name}`);
/** So long a run is STARTING that it never runs. */
const NEVER = 1e9;

const job = (more: Json = {}): Json => taskOf("glue:startJobRun.sync", { JobName: JOB, Arguments: { "--run_id": "r1" } }, more);

describe("local Step Functions: Glue", () => {
  let bench: StepFunctionsBench;
  before(async function () {
    await needPython(this);
  });
  afterEach(() => bench.close());

  const open = async (script: string, { actions = ALL, ...options }: GlueOptions & { actions?: string[] } = {}): Promise<void> => {
    bench = await StepFunctionsBench.open({ services: [s3, logs, makeGlue({ startMs: 1000, python: testPython, ...options })] });
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "glue.amazonaws.com" } };
    await bench.create("aws:iam/role:Role", { name: "job", assumeRolePolicy: { Version: "2012-10-17", Statement: trust } });
    const policy = { Version: "2012-10-17", Statement: may(["s3:GetObject"], `arn:aws:s3:::${BUCKET}/*`) };
    await bench.create("aws:iam/rolePolicy:RolePolicy", { name: "job", role: "job", policy });
    await bench.create("aws:s3/bucket:Bucket", { bucket: BUCKET });
    await bench.create("aws:s3/bucketObjectv2:BucketObjectv2", { bucket: BUCKET, key: "glue_jobs/export.py", source: textAsset(script) });
    await bench.create("aws:glue/job:Job", JOB_INPUTS);
    await bench.allow(may(actions, `arn:aws:glue:ap-southeast-1:123456789012:job/${JOB}`));
  };
  const stateOf = async (executionArn: string): Promise<unknown> => {
    const { cloud, owner } = bench.running;
    const { JobRunId: RunId } = await bench.submitted(executionArn);
    const { output } = await cloud.call(owner, "glue", "GetJobRun", { JobName: JOB, RunId });
    return (output?.JobRun as Json).JobRunState;
  };

  it("runs a job to its end; the result is the run", async () => {
    await open("");
    const { status, output } = await bench.run(job());
    const { Id, JobName, JobRunState, Arguments, StartedOn, CompletedOn } = output as Json;
    assert.deepEqual([status, JobName, JobRunState, Arguments], ["SUCCEEDED", JOB, "SUCCEEDED", { "--run_id": "r1" }]);
    assert.ok(Number.isInteger(StartedOn) && Number(StartedOn) > Date.UTC(2020, 0) && Number(CompletedOn) > Number(StartedOn));
    assert.deepEqual(await bench.submitted(bench.last), { JobRunId: Id });
    const called = taskOf("glue:startJobRun", { JobName: JOB });
    assert.deepEqual(Object.keys((await bench.run(called)).output as Json), ["JobRunId"]);
  });

  it("fails with what became of a run that failed", async () => {
    await open(`raise ValueError("no")`);
    const { error, cause } = await bench.run(job());
    const { JobRunState, ErrorMessage, JobName } = JSON.parse(String(cause)) as Json;
    assert.deepEqual([error, JobRunState, ErrorMessage, JobName], ["States.TaskFailed", "FAILED", "ValueError: no", JOB]);
  });

  it("times out where the start is never answered", async () => {
    await open("");
    bench.running.faults.inject({ service: "glue", operation: "StartJobRun", kind: "silence" });
    assert.equal((await bench.run(job({ TimeoutSeconds: 1 }))).error, "States.Timeout");
  });

  it("stops the run when the task times out, and when the execution is stopped", async () => {
    await open("", { startMs: NEVER });
    assert.equal((await bench.run(job({ TimeoutSeconds: 1 }))).error, "States.Timeout");
    await eventually(async () => assert.equal(await stateOf(bench.last), "STOPPED"));
    const executionArn = await bench.start(await bench.deploy(machineOf(job())));
    await bench.submitted(executionArn);
    const { cloud, owner } = bench.running;
    await cloud.call(owner, "states", "StopExecution", { executionArn });
    await eventually(async () => assert.equal(await stateOf(executionArn), "STOPPED"));
  });

  it("fails with what became of a run that someone else stopped", async () => {
    await open("", { startMs: NEVER });
    const executionArn = await bench.start(await bench.deploy(machineOf(job())));
    const { JobRunId } = await bench.submitted(executionArn);
    const { cloud, owner } = bench.running;
    await cloud.call(owner, "glue", "BatchStopJobRun", { JobName: JOB, JobRunIds: [JobRunId] });
    const { error, cause } = await bench.ended(executionArn);
    assert.equal(error, "States.TaskFailed");
    assert.equal((JSON.parse(cause ?? "") as Json).JobRunState, "STOPPED");
  });

  it("names Glue's errors, such as one run too many", async () => {
    await open("", { startMs: NEVER });
    for (const execution of ["one", "two"]) await bench.submitted(await bench.start(await bench.deploy(machineOf(job()), execution)));
    await bench.fails(job(), "Glue.ConcurrentRunsExceededException", /^Concurrent runs exceeded for shop-export \(Service: AWSGlue, /);
    const unknown = taskOf("glue:startJobRun.sync", { JobName: JOB, JobRunId: "jr_1" });
    await bench.fails(unknown, "States.Runtime", /does not know the member JobRunId of StartJobRun/);
  });

  it("needs the role's permissions, no more than Glue's three", async () => {
    await open("", { actions: ["glue:StartJobRun"] });
    await bench.fails(job(), "Glue.AccessDeniedException", /not authorized to perform glue:GetJobRun on \S+:job\/shop-export:/);
  });
});
