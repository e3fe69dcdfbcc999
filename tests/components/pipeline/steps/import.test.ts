import * as assert from "node:assert/strict";
import { importCsv } from "../../../../components/pipeline/steps/import";
import { jobNamePrefix } from "../../../../components/shared/naming";
import { DEFINITION_ARGS } from "../../../support/definitionArgs";
import { type Respond, STARTED, TaskError, walk, type WalkOptions } from "../../../support/walk";

const HOUR = 3_600_000;
const JOB = `${jobNamePrefix(DEFINITION_ARGS.context)}0123456789ab`;
const ARN = "arn:aws:personalize:ap-southeast-1:123456789012:dataset-import-job/";
const VARIABLES = { runHash: "0123456789ab", exported: { decision: "kept", lastModified: new Date(STARTED - HOUR).toISOString() } };

const fails = (error: string, cause?: string): never => {
  throw new TaskError(`Personalize.${error}`, cause);
};
const job = (Status: string, created: number, more: object = {}) => ({
  DatasetImportJob: { Status, CreationDateTime: new Date(created).toISOString(), ...more },
});
const active: Respond = (_given, _call, now) => job("ACTIVE", now);

function importWith(responses: Record<string, Respond>, options: WalkOptions = {}) {
  const { first, states } = importCsv(DEFINITION_ARGS);
  const machine = { StartAt: first, States: { ...states("Next"), Next: { Type: "Succeed" } } } as const;
  return walk(machine, { variables: VARIABLES, ...options, responses: { Import: () => ({}), DescribeImport: active, ...responses } });
}

describe("the import of a run", () => {
  it("creates a job and waits until it is active, less often the longer it takes", async () => {
    const { states, calls, variables, seconds } = await importWith({
      DescribeImport: (_given, _call, now) => job(now - STARTED < HOUR ? "CREATE IN_PROGRESS" : "ACTIVE", STARTED),
    });
    assert.deepEqual([...new Set(states)], ["BeginImport", "Import", "DescribeImport", "CheckImport", "WaitForImport", "Next"]);
    const [{ JobName, ImportMode, DataSource }] = calls.Import;
    assert.deepEqual([JobName, ImportMode], [`${JOB}-1`, "FULL"]);
    assert.deepEqual(DataSource, { DataLocation: "s3://down/alice/recommender/personalize_input.csv" });
    assert.deepEqual(calls.DescribeImport[0], { DatasetImportJobArn: `${ARN}${JOB}-1` });
    assert.equal(variables.importedAt, STARTED);
    assert.ok(seconds >= 3600 && seconds < 3600 * 1.06 && calls.DescribeImport.length < 60, `${seconds}`);
  });

  it("uses the job of an earlier execution", async () => {
    const { calls, variables } = await importWith({
      Import: () => fails("ResourceAlreadyExistsException"),
      DescribeImport: () => job("ACTIVE", STARTED - 1),
    });
    assert.deepEqual([calls.Import.length, variables.importedAt], [1, STARTED - 1]);
  });

  it("knows its own job, even if the response was lost", async () => {
    const exported = { decision: "replaced" };
    const { calls, variables } = await importWith(
      { Import: () => fails("ResourceAlreadyExistsException") },
      { variables: { ...VARIABLES, exported } },
    );
    assert.deepEqual([calls.Import.length, variables.importedAt], [1, STARTED]);
  });

  const BEFORE = STARTED - HOUR - 1;
  const useless: [what: string, status: string, created: number, decision: string][] = [
    ["failed", "CREATE FAILED", STARTED - 1, "kept"],
    ["was stopped", "CREATE STOPPED", STARTED - 1, "kept"],
    ["imported what this execution replaced", "ACTIVE", STARTED - 1, "replaced"],
    ["imported what an execution that died replaced", "ACTIVE", BEFORE, "kept"],
  ];
  for (const [what, status, created, decision] of useless) {
    it(`makes another attempt where an earlier execution's job ${what}`, async () => {
      const { states, calls, variables } = await importWith(
        {
          Import: ({ JobName }) => (JobName === `${JOB}-1` ? fails("ResourceAlreadyExistsException") : {}),
          DescribeImport: ({ DatasetImportJobArn }, _call, now) =>
            DatasetImportJobArn === `${ARN}${JOB}-1` ? job(status, created) : job("ACTIVE", now),
        },
        { variables: { ...VARIABLES, exported: { ...VARIABLES.exported, decision } } },
      );
      assert.deepEqual(states, [
        ...["BeginImport", "Import", "DescribeImport", "CheckImport", "NextImport"],
        ...["Import", "DescribeImport", "CheckImport", "Next"],
      ]);
      assert.deepEqual(
        calls.Import.map(({ JobName }) => JobName),
        [`${JOB}-1`, `${JOB}-2`],
      );
      assert.equal(variables.importedAt, STARTED);
    });
  }

  it("fails with the reason of its own job", async () => {
    const { error, cause } = await importWith({
      DescribeImport: (_given, _call, now) => job("CREATE FAILED", now, { FailureReason: "bad row" }),
    });
    assert.equal(error, "ImportFailed");
    assert.equal(
      cause,
      "bad row - The CSV is in place. Nothing was trained, and the campaign is unchanged. Fix the cause, then start again with the same run key.",
    );
  });

  it("fails with what is gone", async () => {
    const { error, cause = "", calls } = await importWith({ Import: () => fails("ResourceNotFoundException", "no such dataset") });
    assert.deepEqual([error, cause.split(" - ")[0]], ["ImportFailed", "no such dataset"]);
    assert.equal(calls.Import.length, 5);
  });

  it("waits while a quota is used up or the dataset is busy", async () => {
    const errors = ["LimitExceededException", "LimitExceededException", "ResourceInUseException"];
    const full: Respond = (_given, call) => (call < 3 ? fails(errors[call]) : {});
    const { states } = await importWith({ Import: full });
    assert.equal(states.filter((state) => state === "WaitForImportQuota").length, 3);
    assert.equal(states.at(-1), "Next");
  });

  it("does not wait for a quota, or for the job, longer than it may", async () => {
    const full = await importWith({ Import: () => fails("LimitExceededException", "not now") });
    const slow = await importWith({ DescribeImport: () => job("CREATE PENDING", STARTED) });
    for (const [{ error, cause = "", seconds }, what] of [
      [full, "not now"],
      [slow, "its status was CREATE PENDING"],
    ] as const) {
      assert.equal(error, "ImportFailed");
      assert.ok(cause.startsWith(`${what} after 24 hours (pipeline.maxWaitHours) - `), cause);
      assert.ok(seconds > 24 * 3600 && seconds < 25.5 * 3600, `${seconds}`);
    }
  });
});
