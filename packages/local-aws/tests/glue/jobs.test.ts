import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { StartJobRunCommand } from "@aws-sdk/client-glue";
import * as assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preparePython } from "../../src/glue/python";
import { eventually } from "../../testing/eventually";
import { BUCKET, GlueJobs, JOB, LOG } from "../../testing/glueJobs";
import { needPython } from "../../testing/python";

interface Decision {
  action: string;
  resource: string;
  decision: string;
}

const WAIT = "import os, time\nprint(os.getpid())\ntime.sleep(600)\n";
const LOGGED = { "--custom-logGroup-prefix": LOG };
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("local-glue-"));

describe("the local Glue's jobs", () => {
  let jobs: GlueJobs;
  before(async function () {
    await needPython(this);
  });
  afterEach(() => jobs.close());

  it("run a script as the job's role, with the run's arguments over the job's", async function () {
    jobs = await GlueJobs.open();
    await jobs.deploy(
      `import json, os, sys
import boto3
print(json.dumps(sys.argv))
print(json.dumps(dict(os.environ)))
print("beware", file=sys.stderr)
boto3.client("s3").put_object(Bucket="${BUCKET}", Key="made/by job", Body=b"here")
`,
    );
    await jobs.allowMore({ Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${BUCKET}/made/*` });
    process.env.PARENT_SECRET = "of the parent";
    const id = await jobs.start({ "--header": "C,D", "--run_id": "r1" });
    const { StartedOn, LastModifiedOn, CompletedOn, ExecutionTime, ...run } = await jobs.ended(id);
    delete process.env.PARENT_SECRET;
    assert.deepEqual(run, {
      Id: id,
      Attempt: 0,
      JobName: JOB,
      JobRunState: "SUCCEEDED",
      Arguments: { "--header": "C,D", "--run_id": "r1" },
      PredecessorRuns: [],
      AllocatedCapacity: 2,
      Timeout: 1,
      MaxCapacity: 2,
      WorkerType: "G.1X",
      NumberOfWorkers: 2,
      LogGroupName: LOG,
      GlueVersion: "5.0",
      ExecutionClass: "STANDARD",
    });
    assert.match(id, /^jr_[0-9a-f]{64}$/);
    assert.ok(Number(StartedOn) <= Number(CompletedOn) && Number(CompletedOn) <= Number(LastModifiedOn) && Number.isInteger(ExecutionTime));
    const lines = await jobs.lines(id);
    const [argv, environment, ...more] = lines.filter((line) => line !== "beware");
    assert.deepEqual(JSON.parse(argv), [
      "export.py",
      ...["--stage", "dev", "--header", "C,D", "--custom-logGroup-prefix", LOG, "--run_id", "r1"],
      ...["--JOB_NAME", JOB, "--JOB_RUN_ID", id],
    ]);
    assert.deepEqual([more, lines.length], [[], 3]);
    const { HOME, AWS_ACCESS_KEY_ID, ...env } = JSON.parse(environment) as Record<string, string>;
    const names = "AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LANG PATH PYTHONUNBUFFERED TZ";
    assert.deepEqual(Object.keys(env).sort(), names.split(" "));
    assert.deepEqual([env.AWS_ENDPOINT_URL, env.AWS_REGION], [jobs.running.cloud.endpoint, "ap-southeast-1"]);
    assert.ok(AWS_ACCESS_KEY_ID.startsWith("ASIA") && !HOME.startsWith(process.cwd()) && !existsSync(HOME), HOME);
    const s3 = new S3Client(jobs.running.client);
    const made = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: "made/by job" }));
    assert.equal(await made.Body?.transformToString(), "here");
    s3.destroy();
  });

  it("fail with the exception that ended the script, and no more of it", async () => {
    jobs = await GlueJobs.open();
    await jobs.deploy(`import sys
if "--exit" in sys.argv: sys.exit(3)
class ExportError(Exception): pass
try:
    {}["first"]
except KeyError:
    raise ExportError("NoParts: there are none\\nin two lines")
`);
    const { JobRunState, ErrorMessage, Id = "" } = await jobs.run();
    assert.deepEqual([JobRunState, ErrorMessage], ["FAILED", "ExportError: NoParts: there are none"]);
    assert.equal((await jobs.lines(Id)).at(-1), "in two lines");
    assert.equal((await jobs.run({ "--exit": "now" })).ErrorMessage, "SystemExit: 3");
  });

  it("show which permission the role lacks: to read the script, to use S3 in it, or to write the log", async () => {
    jobs = await GlueJobs.open();
    await jobs.deploy(`import boto3\nboto3.client("s3").put_object(Bucket="${BUCKET}", Key="made", Body=b"")\n`);
    const refused = /^botocore\.errorfactory\.AccessDenied: An error occurred \(AccessDenied\) when calling the PutObject operation/;
    assert.match((await jobs.run()).ErrorMessage ?? "", refused);
    await jobs.allow([]);
    const { JobRunState, ErrorMessage = "" } = await jobs.run();
    assert.equal(JobRunState, "FAILED");
    assert.match(
      ErrorMessage,
      /^LAUNCH ERROR \| Error downloading from S3 for bucket: shop-infra, key: glue_jobs\/export\.py\. .*GetObject/,
    );
    await jobs.deployScript(`print("unheard")`);
    await jobs.allow([{ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${BUCKET}/*` }]);
    assert.equal((await jobs.run()).JobRunState, "SUCCEEDED");
    const decisions = (await readFile(join(jobs.running.stateDir, "decisions.ndjson"), "utf8")).trim().split("\n");
    const denied = decisions.map((line) => JSON.parse(line) as Decision).filter(({ decision }) => decision !== "allow");
    const [action, resource] = ["logs:CreateLogStream", `arn:aws:logs:ap-southeast-1:123456789012:log-group:${LOG}/output:log-stream:`];
    assert.ok(denied.some((entry) => entry.action === action && entry.resource.startsWith(resource)));
  });

  it("import the modules that they name, which the role must be able to read", async () => {
    jobs = await GlueJobs.open();
    const [one, two] = ["one", "two"].map((name) => `s3://${BUCKET}/modules/${name}.py`);
    await jobs.deploy("import one\nprint(one.WORD)\n", { defaultArguments: { "--extra-py-files": `${one},${two}`, ...LOGGED } });
    await jobs.deployScript("from two import WORD\n", "modules/one.py");
    const lost = (name: string) =>
      new RegExp(`^LAUNCH ERROR \\| Error downloading from S3 for bucket: ${BUCKET}, key: modules/${name}\\.py\\. .*GetObject`);
    assert.match((await jobs.run()).ErrorMessage ?? "", lost("one"));
    const readable = (key: string) => ({ Effect: "Allow" as const, Action: "s3:GetObject", Resource: `arn:aws:s3:::${BUCKET}/${key}` });
    await jobs.allowMore(readable("modules/*"), { Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${BUCKET}` });
    const { JobRunState, ErrorMessage = "" } = await jobs.run();
    assert.equal(JobRunState, "FAILED");
    assert.match(ErrorMessage, /^LAUNCH ERROR .* key: modules\/two\.py\. .*Status Code: 404; Error Code: NoSuchKey\)$/);
    await jobs.deployScript('WORD = "heard"\n', "modules/two.py");
    const id = await jobs.start();
    assert.equal((await jobs.ended(id)).JobRunState, "SUCCEEDED");
    assert.deepEqual(await jobs.lines(id), ["heard"]);
  });

  it("fail when their role does not trust Glue", async () => {
    jobs = await GlueJobs.open();
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };
    await jobs.create("aws:iam/role:Role", { name: "other", assumeRolePolicy: { Version: "2012-10-17", Statement: trust } });
    const roleArn = "arn:aws:iam::123456789012:role/other";
    await jobs.deploy("", { roleArn });
    const message = `glue.amazonaws.com may not assume ${roleArn}: its trust policy does not allow it`;
    assert.equal((await jobs.run()).ErrorMessage, message);
  });

  it("are stopped with all that they began, and run as often at once as they may", async () => {
    jobs = await GlueJobs.open();
    await jobs.deploy(`import subprocess\nprint(subprocess.Popen(["sleep", "600"]).pid)\n${WAIT}`);
    const [one, two] = [await jobs.start(), await jobs.start()];
    await assert.rejects(jobs.start(), { name: "ConcurrentRunsExceededException", message: `Concurrent runs exceeded for ${JOB}` });
    const pids = (await Promise.all([one, two].map((id) => jobs.firstLine(id)))).map(Number);
    assert.deepEqual(pids.map(isAlive), [true, true]);
    assert.equal((await jobs.look(one)).JobRunState, "RUNNING");
    const { SuccessfulSubmissions, Errors } = await jobs.stop(one, "jr_none");
    assert.deepEqual(SuccessfulSubmissions, [{ JobName: JOB, JobRunId: one }]);
    assert.deepEqual(
      Errors?.map(({ JobRunId, ErrorDetail }) => [JobRunId, ErrorDetail?.ErrorMessage]),
      [["jr_none", `Job Run jr_none of the job ${JOB} is not found`]],
    );
    const { JobRunState, ErrorMessage } = await jobs.ended(one);
    assert.deepEqual([JobRunState, ErrorMessage], ["STOPPED", undefined]);
    await eventually(() => assert.equal(isAlive(pids[0]), false));
    const [again] = (await jobs.stop(one)).Errors ?? [];
    assert.equal(again.ErrorDetail?.ErrorMessage, `Job Run ${one} has ended: STOPPED`);
    assert.equal((await jobs.look(two)).JobRunState, "RUNNING");
  });

  it("time out in the job's minutes", async () => {
    jobs = await GlueJobs.open({ minuteMs: 1 });
    await jobs.deploy(WAIT);
    assert.equal((await jobs.run()).JobRunState, "TIMEOUT");
  });

  it("leave neither processes nor files when the cloud stops", async () => {
    const before = folders();
    jobs = await GlueJobs.open();
    await jobs.deploy(WAIT);
    const pid = Number(await jobs.firstLine(await jobs.start()));
    await jobs.close();
    assert.deepEqual([isAlive(pid), folders()], [false, before]);
  });

  it("report a missing Python", async () => {
    jobs = await GlueJobs.open({ python: () => preparePython({ folder: "/nowhere/venv", env: { PATH: "/nowhere" } }) });
    await jobs.deploy("");
    assert.equal((await jobs.run()).ErrorMessage, "the local cloud needs Python to run a job: there is no python3 in PATH");
  });

  it("refuse unknown members", async () => {
    jobs = await GlueJobs.open();
    const start = (input: object) => jobs.glue.send(new StartJobRunCommand({ JobName: JOB, ...input }));
    await assert.rejects(start({}), { name: "EntityNotFoundException", message: `Job ${JOB} is not found` });
    await jobs.deploy("");
    await assert.rejects(start({ JobRunId: "jr_1" }), { message: "the local glue does not know the member JobRunId of StartJobRun" });
    await assert.rejects(start({ Arguments: { stage: "dev" } }), {
      name: "InvalidInputException",
      message: /begin with -- .*, got "stage"$/,
    });
    await assert.rejects(start({ Arguments: { "--extra-files": "s3://a/b" } }), { message: /got "--extra-files"$/ });
    for (const modules of ["s3://bucket/a.zip", "s3://bucket/a.py, s3://bucket/b.py", "", "a.py", "s3://bucket/a.py,s3://bucket/b/a.py"]) {
      const rule = "must have the s3:// addresses of .py files with different names, joined by commas, in --extra-py-files";
      await assert.rejects(start({ Arguments: { "--extra-py-files": modules } }), { message: `Arguments ${rule}, got "${modules}"` });
    }
    const untyped = (Arguments: unknown) => jobs.running.cloud.call(jobs.running.owner, "glue", "StartJobRun", { JobName: JOB, Arguments });
    await assert.rejects(untyped({ "--rows": 5 }), { name: "SerializationException", message: /^Arguments.--rows: NUMBER_VALUE/ });
    await assert.rejects(jobs.look("jr_none"), { name: "EntityNotFoundException" });
  });
});

describe("the Python of Glue's jobs", () => {
  let parent: string;
  let folder: string;
  before(() => {
    parent = mkdtempSync(join(tmpdir(), "local-aws-venv-"));
    folder = join(parent, "venv");
  });
  after(() => rmSync(parent, { recursive: true }));

  it("is missing with the reason: there is no python3, or the last line of its output", async () => {
    assert.deepEqual(await preparePython({ folder, env: { PATH: parent } }), { missing: "there is no python3 in PATH" });
    writeFileSync(join(parent, "python3"), "#!/bin/sh\necho Traceback >&2; echo 'No module named venv' >&2; exit 1\n", { mode: 0o755 });
    const missing = `python3 could not make ${folder}: No module named venv`;
    assert.deepEqual(await preparePython({ folder, env: { PATH: parent } }), { missing });
  });

  it("is made again until its packages are there, once for all who ask at the same time", async function () {
    await needPython(this);
    const requirements = join(parent, "requirements.txt");
    writeFileSync(requirements, "./no-such-package\n");
    const failed = await preparePython({ folder, requirements });
    assert.match("missing" in failed ? failed.missing : "", /^python3 could not make \S+: .*no-such-package/);
    writeFileSync(requirements, "# nothing\n");
    const both = await Promise.all([preparePython({ folder, requirements }), preparePython({ folder, requirements })]);
    const python = { interpreter: join(folder, "bin/python") };
    assert.deepEqual(both, [python, python]);
    const made = statSync(join(folder, "pyvenv.cfg")).ino;
    assert.deepEqual(await preparePython({ folder, requirements }), python);
    assert.equal(statSync(join(folder, "pyvenv.cfg")).ino, made);
  });
});
