import * as assert from "node:assert/strict";
import { CreateSolutionVersionCommand, DescribeSolutionVersionCommand } from "@aws-sdk/client-personalize";
import { StopExecutionCommand } from "@aws-sdk/client-sfn";
import { ServiceError } from "@c360/local-aws";
import { eventually, machineOf } from "@c360/local-aws/testing";
import { TRAINING_RUNS } from "../../components/catalog/tableFormats";
import { rollback } from "../../cli/rollback";
import { UsageError } from "../../cli/shared/command";
import { runCommand } from "../support/commands";
import { RollbackFixture } from "../support/rollbackFixture";

/** `recommender.metric` of the stack. */
const METRIC = "mean_reciprocal_rank_at_25";
const PUT = { service: "s3", operation: "PUT /{Bucket}/{Key+}" };
const SLOW = { Long: { Type: "Wait", Seconds: 90_000_000, End: true } };
const DENIED = new ServiceError("AccessDenied", "no", 403);

describe("npm run rollback", function () {
  this.timeout(60_000);
  let fixture: RollbackFixture;
  let [first, second, third] = ["", "", ""];
  before(async () => {
    fixture = await RollbackFixture.open();
    [first, second, third] = fixture.versions;
  });
  after(() => fixture.close());
  beforeEach(() => fixture.reset(second));

  it("shows both versions and asks, then deploys the version before, accepts it and records that", async () => {
    await fixture.ran("created", fixture.earlier);
    await fixture.ran("updated", second);
    await fixture.ran("kept", third);
    const [now, then] = [await fixture.metrics(second), await fixture.metrics(fixture.earlier)];
    assert.notDeepEqual(now, then);
    const others = Object.keys(now).filter((name) => name !== METRIC);
    const cells = (name: string) => `${now[name].toFixed(4).padStart(10)}${then[name].toFixed(4).padStart(10)}`;
    const shown = [
      `The campaign ${fixture.campaign}`,
      `  serves        ${second}, trained ${await fixture.trained(second)}`,
      `  goes back to  ${fixture.earlier}, trained ${await fixture.trained(fixture.earlier)} (served before)`,
      `  ${"metric".padEnd(45)}       now      then`,
      ...[METRIC, ...others.sort()].map((name) => `  ${name.padEnd(45)}${cells(name)}`),
    ];
    const needed = "npm run rollback: --yes is needed without a terminal to ask on; nothing was changed";
    assert.deepEqual(await fixture.run(), { code: 2, printed: shown, errors: [needed] });
    const canceled = { code: 1, printed: shown, errors: ["npm run rollback: canceled, nothing was changed"] };
    assert.deepEqual(await fixture.run("", { ask: async () => "y" }), canceled);
    assert.deepEqual([await fixture.serving(), await fixture.written()], [second, { accepted: undefined, records: [] }]);

    const { code, printed, errors } = await fixture.run("", { ask: async () => "yes" });
    assert.deepEqual([code, printed.slice(0, shown.length), errors], [0, shown, []]);
    assert.equal(printed.at(-1), `The campaign serves ${fixture.earlier}. The pipeline compares new versions with it.`);
    assert.equal(await fixture.serving(), fixture.earlier);
    const { accepted = {}, records } = await fixture.written();
    const { runId, decidedAt, ...version } = accepted;
    assert.deepEqual(version, { solutionVersionArn: fixture.earlier, metric: METRIC, value: then[METRIC] });
    assert.match(String(runId), /^rollback-\d{8}T\d{6}Z$/);
    const date = new Date(String(decidedAt)).toISOString().slice(0, 10);
    const finished_at = new Date(String(records[0][1].finished_at)).toISOString();
    const row = {
      ...{ run_id: runId, run_date: date, run_key: null, finished_at, rows: null, users: null, items: null },
      ...{ solution_version_arn: fixture.earlier, metrics: then, baseline: null, present: now, decision: "rolledBack" },
      reason: `arn:aws:iam::123456789012:root went back from ${second}`,
    };
    assert.deepEqual(records, [[`crm_derived_restricted/t310_training_run/dt=${date}/${String(runId)}.json`, row]]);
    const columns = TRAINING_RUNS.Columns.map(({ Name }) => Name);
    assert.deepEqual(
      Object.keys(row).filter((member) => !columns.includes(member)),
      [],
    );
  });

  it("takes the newest older version of the same solution that no record names when none served before", async () => {
    await fixture.reset(third);
    await fixture.ran("updated", third);
    await fixture.ran("kept", second);
    const { code, printed } = await fixture.run("--yes");
    assert.match(printed[2], /\(no record names one that served before: the newest older version of the same solution\)$/);
    assert.deepEqual([code, await fixture.serving()], [0, first]);
    const { code: next, errors } = await fixture.run("--yes");
    assert.equal(next, 1);
    assert.deepEqual(errors, [`npm run rollback: there is no version to go back to: none that served before ${first} is there`]);
  });

  it("never takes a version by itself that a rollback left, or that was refused, but names those that there are", async () => {
    await fixture.reset(third);
    await fixture.ran("kept", first);
    await fixture.ran("updated", second);
    await fixture.ran("rolledBack", third);
    const { code, errors } = await fixture.run("--yes");
    const named = `to serve an older one all the same, name it with --version: ${second}, ${first}`;
    const message = `there is no version to go back to: none that served before ${third} is there; ${named}`;
    assert.deepEqual([code, errors], [1, [`npm run rollback: ${message}`]]);
    assert.equal((await fixture.run(`--yes --version ${first}`)).code, 0);
    assert.equal(await fixture.serving(), first);
  });

  it("refuses a version that is unknown, failed, of another dataset group or of another tenant", async () => {
    const { cloud } = fixture;
    const succeed = fixture.fail("version");
    const { solutionVersionArn: failed = "" } = await cloud.personalize.send(
      new CreateSolutionVersionCommand({ solutionArn: first.replace(/\/[^/]*$/, ""), trainingMode: "FULL" }),
    );
    await eventually(async () => {
      const { solutionVersion } = await cloud.personalize.send(new DescribeSolutionVersionCommand({ solutionVersionArn: failed }));
      assert.equal(solutionVersion?.status, "CREATE FAILED");
    });
    succeed();
    const foreign = await cloud.version(await cloud.solution("acme-c360-recommender-solution-dev-bad"));
    const other = first.replace("/acme-", "/bolt-");
    const unknown = `${fixture.earlier.replace(/\/[^/]*$/, "")}/nosuch`;
    const group = /belongs to the dataset group \S*\/shop, not to \S*\/acme-c360-recommender-recommender-dev: name another version/;
    const refusals: [version: string, code: number, message: RegExp][] = [
      [unknown, 1, /there is no solution version \S+\/nosuch: name another one/],
      [failed, 1, /is in status CREATE FAILED: The model could not be loaded\.: name another version/],
      [foreign, 1, group],
      [other, 2, /--version must be a version of a solution of tenant acme \(acme-c360-recommender-solution-dev-\.\.\.\), got /],
    ];
    for (const [version, code, message] of refusals) {
      const refused = await fixture.run(`--yes --version ${version}`);
      assert.deepEqual([refused.code, refused.printed], [code, []], version);
      assert.match(refused.errors.join(), message);
    }
    assert.deepEqual(await fixture.written(), { accepted: undefined, records: [] });
  });

  it("changes nothing when the version serves already, but repairs what is accepted", async () => {
    const already = `The campaign serves ${second} already.`;
    await fixture.accept(second);
    assert.deepEqual(await fixture.run(`--version ${second}`), { code: 0, printed: [already], errors: [] });
    assert.deepEqual((await fixture.written()).records, []);
    await fixture.accept(third);
    const { code, printed } = await fixture.run(`--version ${second}`);
    const { accepted, records } = await fixture.written();
    assert.deepEqual([code, printed], [0, [already, "It is the accepted version now."]]);
    assert.equal(accepted?.solutionVersionArn, second);
    const reason = `arn:aws:iam::123456789012:root kept the version that the campaign serves; before, ${third} was accepted`;
    const [[, row], ...others] = records;
    assert.deepEqual([row.decision, row.reason, row.solution_version_arn, others], ["kept", reason, second, []]);
  });

  it("refuses while the pipeline runs or waits, also when it begins during the question", async () => {
    const { machines } = fixture.cloud;
    const machine = await machines.deploy(machineOf(SLOW), "acme-c360-recommender-pipeline-dev");
    let executionArn = "";
    const ask = async () => {
      executionArn = await machines.start(machine);
      return "yes";
    };
    for (const context of [{ ask }, {}]) {
      const { code, errors } = await fixture.run(`--version ${first}`, context);
      const named = `the pipeline is running: wait for ${executionArn} or stop it, then try again`;
      assert.deepEqual([code, errors], [1, [`npm run rollback: ${named}`]]);
    }
    assert.deepEqual([await fixture.serving(), await fixture.written()], [second, { accepted: undefined, records: [] }]);
    await machines.sfn.send(new StopExecutionCommand({ executionArn }));
    const denied = machines.running.faults.inject({ service: "states", operation: "ListExecutions", kind: DENIED, from: 3 });
    const { code, errors } = await fixture.run(`--yes --version ${first}`);
    denied.remove();
    const state = `the campaign serves ${second}, and the pipeline's next run is to deploy ${first}, which is accepted`;
    assert.deepEqual([code, errors], [1, [`npm run rollback: no; ${state}: try again, or keep what is served with --version`]]);
    assert.equal((await fixture.run("--yes")).code, 0);
    assert.equal(await fixture.serving(), first);
  });

  it("changes nothing when another version serves since the question", async () => {
    const ask = async () => {
      await fixture.reset(third);
      return "yes";
    };
    const { code, errors } = await fixture.run(`--version ${first}`, { ask });
    const message = `the campaign serves ${third} since the question was asked: nothing was changed, try again`;
    assert.deepEqual([code, errors], [1, [`npm run rollback: ${message}`]]);
    assert.deepEqual([await fixture.serving(), (await fixture.written()).accepted], [third, undefined]);
  });

  it("finishes what Ctrl-C interrupted, with the same id", async () => {
    const interrupted = new AbortController();
    const release = fixture.cloud.clock.hold();
    const print = (line: string): void => void (line.startsWith("Waiting") && interrupted.abort());
    const { code, errors } = await fixture.run(`--yes --version ${first}`, { print, signal: interrupted.signal });
    const between = `The campaign serves ${second} until its update has ended, if it has begun, then ${first}`;
    assert.deepEqual([code, errors], [130, [`${between}. Run npm run rollback again to finish.`]]);
    const { accepted, records } = await fixture.written();
    assert.deepEqual([accepted?.solutionVersionArn, records], [first, []]);
    await fixture.ran("updated", second);
    release();
    const again = await fixture.run();
    const finished = await fixture.written();
    assert.deepEqual([again.code, again.errors, await fixture.serving()], [0, [], first]);
    assert.deepEqual(finished.accepted, accepted);
    const [[, row]] = finished.records;
    assert.deepEqual([row.run_id, row.present], [accepted?.runId, await fixture.metrics(second)]);
    assert.match(String(row.reason), new RegExp(`went back from ${second}$`));
    assert.deepEqual((await fixture.run(`--version ${first}`)).printed, [`The campaign serves ${first} already.`]);
  });

  it("says what is served when the update fails; a second call finishes, or keeps what is served", async () => {
    const served = `the campaign serves ${second}, and the pipeline's next run is to deploy ${first}, which is accepted`;
    const message = `The model could not be loaded.; ${served}: try again, or keep what is served with --version`;
    const failed = { code: 1, errors: [`npm run rollback: ${message}`] };
    const succeed = fixture.fail("campaignUpdate");
    const { code, errors } = await fixture.run(`--yes --version ${first}`);
    assert.deepEqual({ code, errors }, failed);
    const { accepted } = await fixture.written();
    const kept = await fixture.run(`--version ${second}`);
    succeed();
    assert.deepEqual([kept.code, kept.errors, (await fixture.written()).accepted?.solutionVersionArn], [0, [], second]);
    await fixture.reset(second);
    await fixture.accept(first, String(accepted?.runId));
    const finished = await fixture.run("--yes");
    assert.match(
      finished.printed[2],
      new RegExp(`${first}, .* \\(finishes ${String(accepted?.runId)}, which was interrupted or failed\\)$`),
    );
    assert.deepEqual([finished.code, await fixture.serving()], [0, first]);
    assert.deepEqual((await fixture.written()).accepted?.runId, accepted?.runId);
  });

  it("writes the record of a rollback that a run of the pipeline finished", async () => {
    const runId = "rollback-20260131T021500Z";
    await fixture.ran("updated", first);
    await fixture.ran("updated", third);
    await fixture.accept(second, runId);
    await fixture.ran("updated", second);
    const printed = [`The campaign serves ${second} already.`, `That finishes ${runId}. Run npm run rollback again to go further back.`];
    assert.deepEqual(await fixture.run(), { code: 0, printed, errors: [] });
    const [[key, row]] = (await fixture.written()).records;
    assert.equal(key, `crm_derived_restricted/t310_training_run/dt=2026-01-31/${runId}.json`);
    assert.equal(row.reason, `arn:aws:iam::123456789012:root went back from ${third}`);
    assert.equal((await fixture.run("--yes")).code, 0);
    assert.equal(await fixture.serving(), first);
  });

  it("writes the record with a second call when it could not be written", async () => {
    const { faults } = fixture.cloud.machines.running;
    const denied = faults.inject({ ...PUT, kind: DENIED, from: 2 });
    const { code, errors } = await fixture.run(`--yes --version ${first}`);
    denied.remove();
    const { accepted } = await fixture.written();
    const record = `the record of ${String(accepted?.runId)} could not be written, try again: AccessDenied: no`;
    assert.deepEqual([code, errors], [1, [`npm run rollback: the campaign serves ${first}, but ${record}`]]);
    assert.deepEqual([await fixture.serving(), (await fixture.run()).code], [first, 0]);
    assert.equal((await fixture.written()).records.length, 1);
  });

  it("says so when an object among the records is none, and when there is no campaign", async () => {
    await fixture.put("crm_derived_restricted/t310_training_run/dt=2026-01-01/odd.json", [1]);
    const named = "s3://acme-c360-lake-dev/crm_derived_restricted/t310_training_run/dt=2026-01-01/odd.json is not a run's record";
    assert.deepEqual((await fixture.run()).errors, [`npm run rollback: ${named}: remove it, or name a version with --version`]);
    const { code, errors } = await fixture.cloud.runOther(rollback, "--stack two --tenant bolt");
    const missing = fixture.campaign.replace("/acme-", "/bolt-");
    assert.deepEqual([code, errors], [1, [`npm run rollback: there is no campaign ${missing}: recommender.campaign is off`]]);
  });

  it("needs the tenant of a stack with several", async () => {
    const { code, errors } = await fixture.cloud.runOther(rollback, "--stack two");
    assert.deepEqual([code, errors], [2, ["npm run rollback: --tenant must be one of stack two (acme, bolt), got null"]]);
  });
});

describe("the flags of npm run rollback", () => {
  const ARN = "arn:aws:personalize:us-east-1:123456789012:solution/s/v";

  it("are read", () => {
    const none = { tenant: undefined, version: undefined, yes: false };
    assert.deepEqual(rollback.readFlags(["--stack", "local"]), { stack: "local", ...none });
    const all = { stack: "dev", tenant: "acme", version: ARN, yes: true };
    assert.deepEqual(rollback.readFlags(`--stack dev --tenant acme --version ${ARN} --yes`.split(" ")), all);
  });

  const wrong: [string, RegExp][] = [
    ["", /^--stack NAME is needed/],
    ["--stack local --nosuch", /--nosuch'?; npm run rollback -- --help/],
    ["--stack local --version", /--version/],
    ["--stack local --version 3", /^--version must be the ARN of a solution version, got "3"$/],
    ["--stack local --version arn:aws:personalize:us-east-1:123456789012:campaign/s", /^--version must be/],
    ["local", /local/],
  ];
  for (const [text, message] of wrong) {
    it(`refuse "${text}"`, () => {
      const isRefusal = (error: Error) => error instanceof UsageError && message.test(error.message) && !error.message.includes("\n");
      assert.throws(() => rollback.readFlags(text.split(" ").filter(Boolean)), isRefusal);
    });
  }

  it("are shown", async () => {
    const { code, printed } = await runCommand(rollback, "--help");
    assert.equal(code, 0);
    for (const flag of ["stack", "tenant", "version", "yes"]) assert.ok(printed[0].includes(`--${flag} `), flag);
  });
});
