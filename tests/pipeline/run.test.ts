import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { ServiceError } from "@c360/local-aws";
import { enoughRows, historyFile, NOON } from "@c360/local-aws/testing";
import { BUCKETS, CAMPAIGN, DATABASE, DeployedPipeline, INPUT, jobNameOf, MANIFEST, type Ran, SOLUTION } from "../support/deployedPipeline";
import { eventLine } from "../support/eventLine";

const DAY = "2026-01-31";
const TABLE = "crm_derived_restricted/t200_dashboard_interaction";
const HISTORY = `s3://${BUCKETS.upstream}/crm/dashboard_interaction/history/`;
const HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE";

/** Ids that quoting, escaping or counting characters could change. */
const ODD = ["a,b", 'say "hi"', "😀", "é".repeat(256), "back\\slash", "=1+1", " space "].map((id) => {
  const cell = /[",]/.test(id) ? `"${id.replaceAll('"', '""')}"` : id;
  return `${cell},${cell},${NOON},watch`;
});

/** Calls of the state machine, each of which is throttled once. */
const THROTTLED: [service: string, operation: string, code?: string][] = [
  ["states", "ListExecutions"],
  ["glue", "GetPartition"],
  ["glue", "CreatePartition"],
  ["lambda", "POST /2015-03-31/functions/{FunctionName}/invocations", "TooManyRequestsException"],
  ["athena", "StartQueryExecution", "TooManyRequestsException"],
  ["athena", "GetQueryResults", "TooManyRequestsException"],
  ...["CreateDatasetImportJob", "DescribeDatasetImportJob", "CreateSolution", "DescribeSolution", "ListSolutionVersions"]
    .concat(["CreateSolutionVersion", "DescribeSolutionVersion", "GetSolutionMetrics", "DescribeCampaign", "CreateCampaign"])
    .map((operation): [string, string] => ["personalize", operation]),
];
/** Calls that do what they should once more, and whose response is lost. */
const LOST: [service: string, operation: string][] = [
  ["glue", "CreatePartition"],
  ["personalize", "CreateDatasetImportJob"],
  ["personalize", "CreateSolutionVersion"],
  ["personalize", "CreateCampaign"],
];

const ENTERED_ONCE = [
  ...["Prepare", "CheckInput", "ReadInput", "NameRun", "AcquireLock", "WaitForLock", "ListExecutions", "CheckLock"],
  ...["FindPartition", "DescribeHistory", "CheckDescribed", "BuildInteractions", "PublishPartition", "ReplacePartition"],
  ...["CountInteractions", "ReadCounts", "CheckMinimum", "WriteParts", "Export", "CheckExport"],
  ...["BeginImport", "Import", "DescribeImport", "CheckImport"],
  ...["BeginSolution", "EnsureSolution", "DescribeSolution", "CheckSolution"],
  ...["BeginWeekly", "ListRecentVersions", "CheckRecentVersions", "BeginTraining", "Train"],
  ...["ListVersions", "NextVersion", "ReadVersion", "CheckVersion", "DescribeTraining", "CheckTraining", "ReadMetrics"],
  ...["BeginGate", "ReadAccepted", "FindServed", "CheckPresent", "AcceptFirst", "AcceptVersion", "CheckAccepted"],
  ...["BeginDeployment", "FindCampaign", "CreateCampaign", "CheckCampaign", "CheckRefusal", "Record"],
  ...["ListRuns", "FindSuperseded", "ListSuperseded", "RemoveSuperseded", "CheckRemoved", "Done"],
];

describe("a run of the pipeline", function () {
  this.timeout(300_000);
  let pipeline: DeployedPipeline;
  let first: Ran;
  before(async () => {
    pipeline = await DeployedPipeline.open({ train: "weekly", campaign: true });
    await pipeline.putHistory(historyFile(enoughRows()));
    await pipeline.putHistory([HEADER, ...ODD, "bad\u0007id,i,1,watch", `${"x".repeat(257)},i,1,watch`].join("\r\n"), "odd.csv");
    await pipeline.deliver("2026/01/31/13", [
      eventLine("u1", [{ item: "live", at: NOON + 3600 }]),
      eventLine("u2", [{ item: "a,b", at: NOON + 3601 }]),
      "{ not JSON",
      eventLine("u3", [{ item: "i3", at: NOON - 3 }]),
      eventLine("u3", [{ item: "i9", at: NOON, type: "impression" }]),
    ]);
    await pipeline.put(BUCKETS.lake, `${TABLE}/dt=${DAY}/run=left-over/part`, "of a run that was superseded");
    const faults = [
      ...THROTTLED.map(([service, operation, code = "ThrottlingException"]) =>
        pipeline.fail({ service, operation, kind: new ServiceError(code, "Rate exceeded", 429), to: 1 }),
      ),
      ...LOST.map(([service, operation]) => pipeline.fail({ service, operation, kind: "loseAnswer", from: 2, to: 2 })),
    ];
    first = await pipeline.run({ runDate: DAY, runKey: "first" });
    assert.equal(first.status, "SUCCEEDED", first.cause);
    assert.deepEqual(
      faults.map(({ injected }) => injected),
      faults.map(() => 1),
    );
  });
  after(() => pipeline.close());

  const csv = () => pipeline.object(BUCKETS.downstream, INPUT);

  it("goes through all steps, though every call is throttled once and responses are lost", () => {
    const entered = [...new Set(first.states)].filter((state) => !/^WaitFor(?!Lock)/.test(state));
    assert.deepEqual(entered.sort(), [...ENTERED_ONCE].sort());
  });

  it("counts what came in, and leaves out what cannot be used", () => {
    const { counts } = first.output;
    assert.deepEqual(counts, {
      rowsIn: 1014,
      leftOut: { badJson: 1, badUserId: 2, duplicate: 1, uncountedEventType: 1 },
      badRows: 3,
      badObjects: [
        { object: `${HISTORY}odd.csv`, rows: 2, reasons: { badUserId: 2 } },
        { object: `s3://${BUCKETS.upstream}/crm/dashboard_interaction/latest/2026/01/31/13/events`, rows: 1, reasons: { badJson: 1 } },
      ],
      table: { rows: 1009, users: 32, items: 48 },
      csv: { rows: 1009, users: 32, items: 48, repeatUsers: 25, bytes: counts.csv.bytes, eventTypes: 1 },
    });
  });

  it("writes one CSV, with its manifest", async () => {
    const { runId } = first.output;
    const { text = "", etag, metadata } = (await csv()) ?? {};
    const live = [`u1,live,${NOON + 3600},watch`, `u2,"a,b",${NOON + 3601},watch`];
    assert.equal(text.split("\n")[0], HEADER);
    assert.deepEqual(text.split("\n").slice(1, -1).sort(), [...enoughRows().map((row) => row.join(",")), ...ODD, ...live].sort());
    const manifest = { runId, runDate: DAY, rows: 1009, users: 32, items: 48, bytes: Buffer.byteLength(text) };
    const asText = Object.entries({ ...manifest, columns: HEADER }).map(([key, value]) => [key.toLowerCase(), String(value)]);
    assert.deepEqual(metadata, Object.fromEntries(asText));
    const file = JSON.parse((await pipeline.object(BUCKETS.downstream, MANIFEST))?.text ?? "") as { etag: string; columns: unknown };
    assert.deepEqual(
      { ...file, columns: String(file.columns), etag: file.etag.replaceAll('"', "") },
      { ...manifest, columns: HEADER, etag: etag?.replaceAll('"', "") },
    );
  });

  it("publishes its snapshot, and removes those that nobody needs", async () => {
    const { runId } = first.output;
    const { Parameters, StorageDescriptor } = (await pipeline.partition(DAY)) ?? {};
    assert.deepEqual([Parameters?.runId, Parameters?.superseded], [runId, ""]);
    assert.equal(StorageDescriptor?.Location, `s3://${BUCKETS.lake}/${TABLE}/dt=${DAY}/run=${runId}/`);
    assert.deepEqual(await pipeline.runs(DAY), [runId]);
  });

  it("trains one version and lets the campaign serve it", async () => {
    const { training, campaignArn } = first.output;
    const { solutionVersionArn, metrics, ...rest } = training;
    assert.match(solutionVersionArn, new RegExp(`^${SOLUTION}/[0-9a-f]{8}$`));
    assert.deepEqual([await pipeline.served(), campaignArn], [solutionVersionArn, CAMPAIGN]);
    assert.deepEqual(await pipeline.versions(), [jobNameOf("first")]);
    assert.deepEqual(rest, { baseline: null, present: null, decision: "created", reason: "it is the first version" });
    assert.equal(typeof metrics.normalized_discounted_cumulative_gain_at_25, "number");
  });

  it("leaves a record, which Athena reads", async () => {
    const { runId, training } = first.output;
    const ndcg = "normalized_discounted_cumulative_gain_at_25";
    const columns = "dt, run_id, run_date, run_key, rows, users, items, solution_version_arn, decision, reason, rows_in, bad_rows";
    const rows = await pipeline.query(`SELECT ${columns}, element_at(metrics, '${ndcg}'), finished_at FROM ${DATABASE}.t310_training_run`);
    assert.equal(rows.length, 1);
    const finishedAt = rows[0].pop() ?? "";
    const metric = Number(rows[0].pop());
    const { solutionVersionArn, metrics, decision, reason } = training;
    assert.deepEqual(rows[0], [DAY, runId, DAY, "first", "1009", "32", "48", solutionVersionArn, decision, reason, "1014", "3"]);
    assert.equal(metric, metrics[ndcg]);
    assert.match(finishedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    const prefix = "crm_derived_restricted/t310_training_run/";
    assert.deepEqual(await pipeline.keys(BUCKETS.lake, prefix), [`${prefix}dt=${DAY}/${runId}.json`]);
  });

  it("is made once where two executions have its run key, one after the other; other executions wait", async () => {
    const [one, two] = [await pipeline.start({ runDate: DAY, runKey: "once" }), await pipeline.start({ runDate: DAY, runKey: "once" })];
    const [made, again] = [await pipeline.end(one), await pipeline.end(two)];
    assert.deepEqual([made.status, again.status], ["SUCCEEDED", "SUCCEEDED"]);
    const waits = ({ states }: Ran) => states.filter((state) => state === "WaitForLock").length;
    assert.ok(waits(made) < waits(again));
    assert.equal(again.output.runId, made.output.runId);
    assert.ok(!again.states.includes("BuildInteractions"));
    assert.deepEqual([made.output.export.decision, again.output.export.decision], ["replaced", "kept"]);
    assert.deepEqual([made.output.training.decision, again.output.training.decision], ["skipped", "skipped"]);
    assert.deepEqual(await pipeline.runs(DAY), [first.output.runId, made.output.runId].sort());
    assert.equal((await csv())?.metadata.runid, made.output.runId);
  });

  it("is made again where that is asked for, with the events of its day to the last hour and none of the next", async () => {
    const before = (await pipeline.partition(DAY))?.Parameters?.runId;
    await pipeline.deliver("2026/01/31/23", [eventLine("u1", [{ item: "late", at: NOON }])]);
    await pipeline.deliver("2026/02/01/00", [eventLine("u1", [{ item: "tomorrow", at: NOON }])]);
    const { output, states } = await pipeline.run({ runDate: DAY, runKey: "once", rebuild: true });
    assert.equal(output.runId.split("-")[0], before?.split("-")[0]);
    assert.notEqual(output.runId, before);
    assert.deepEqual([output.export.decision, output.counts.table.rows, states.includes("NextImport")], ["replaced", 1010, true]);
    const { text = "" } = (await csv()) ?? {};
    assert.ok(text.includes(`u1,late,${NOON},watch\n`) && !text.includes("tomorrow"));
    assert.equal((await pipeline.partition(DAY))?.Parameters?.superseded, `${before},${first.output.runId}`);
    assert.equal((await pipeline.runs(DAY)).length, 3);
  });

  it("of an older date, or one that fails, leaves the CSV as it is", async () => {
    const before = await csv();
    const older = await pipeline.run({ runDate: "2026-01-30" });
    assert.deepEqual([older.status, older.output.counts.table.rows], ["SUCCEEDED", 1007]);
    assert.deepEqual([older.output.export.decision, older.output.export.reason], ["kept", "laterRunDate"]);
    assert.equal((await pipeline.partition("2026-01-30"))?.Parameters?.runId, older.output.runId);

    const late = await pipeline.run({ runDate: "2025-12-31" });
    assert.equal(late.error, "TooManyBadRows");
    const worst = `the objects with the most: ${HISTORY}history.csv has 1000 {"badTimestamp":1000}; ${HISTORY}odd.csv has `;
    assert.ok(late.cause?.includes(worst), late.cause);
    const few = await pipeline.run({ runDate: "2025-12-31", acceptBadRows: true });
    assert.equal(few.error, "TooFewInteractions");
    const found = "Personalize needs 1000 rows and 25 users with 2 or more, run date 2025-12-31 has 0 rows and 0 such users; ";
    assert.ok(few.cause?.startsWith(found), few.cause);

    for (const [name, body, error, states] of [
      ["bad.csv", "u1,i1,1769860800,watch\n", "HistoryRefused", "DescribeHistory"],
      ["cut.csv.gz", gzipSync(historyFile(enoughRows(5000))).subarray(0, 900), "HistoryRefused", "DescribeHistory"],
    ] as const) {
      await pipeline.putHistory(body, name);
      const failed = await pipeline.run({ runDate: DAY, runKey: name });
      assert.equal(failed.error, error);
      assert.ok(failed.cause?.includes(`${HISTORY}${name}`), failed.cause);
      assert.equal(failed.states.at(-2), states);
      await pipeline.s3.send(new DeleteObjectCommand({ Bucket: BUCKETS.upstream, Key: `crm/dashboard_interaction/history/${name}` }));
    }
    assert.deepEqual(await csv(), before);
  });

  it("needs every statement of its role, but for those that only AWS asks for", async () => {
    const onlyOnAws = ["FindDefaultDatabase", "DeliverLogs", "Trace"];
    /** Two that differ by their conditions alone, and one for runs whose version is refused. */
    const notSeen = ["FindAccepted", "ListLake", "PublishNotices"];
    const all = pipeline.statements.map(({ Sid = "" }) => Sid);
    assert.deepEqual(await pipeline.neededStatements(), all.filter((sid) => ![...onlyOnAws, ...notSeen].includes(sid)).sort());
  });
});

describe("a run of the pipeline whose role lacks a statement", () => {
  it("fails and says why", async () => {
    const pipeline = await DeployedPipeline.open({ without: "AcquireLock" });
    try {
      const { error, cause = "" } = await pipeline.run({ runDate: DAY });
      assert.equal(error, "LockFailed");
      assert.match(cause, /not authorized to perform.* - Allow the pipeline's role to call states:ListExecutions on the state machine\.$/);
    } finally {
      await pipeline.close();
    }
  });
});
