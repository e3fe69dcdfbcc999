import * as assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type Json, openStore, s3 as s3Service } from "@c360/local-aws";
import { planProduction, withRecommendations } from "../../../local/interactions/production";
import { readSource } from "../../../local/interactions/source";
import { encodeCsv } from "../../../local/interactions/table";
import { expectedExport } from "../../../local/reconciliation/expectedExport";
import { compareRun, type ExportedRun, reconcile } from "../../../local/reconciliation/reconcile";
import { exportLocations, upstreamPrefixes } from "../../../local/reconciliation/storage";
import { problem } from "../../../local/report";
import { withCloud, type TestCloud } from "@c360/local-aws/testing";
import { putExport } from "../../support/exported";
import { tableOf } from "../../support/interactions";
import { exportedRun, GATE, trained } from "../../support/report";
import { LEFT_OUT_ONCE, POISON_INTERACTIONS, POISON_ONCE, POISON_ROWS, REASONS_ONCE } from "../../support/poison";

const ROOT = resolve(__dirname, "../../..");
const BUCKET = "acme-c360-upstream-dev";
const OPTIONS = { split: "user" as const, liveShare: 0.3, seed: 1, poison: 0.3 };
const PREFIXES = upstreamPrefixes("dev");
const CAMPAIGN = "arn:aws:personalize:ap-southeast-1:123456789012:campaign/acme";
const LOCATIONS = exportLocations("dev", { lake: "acme-c360-lake-dev", downstream: "acme-c360-downstream-dev" });

const FIRST = { ...trained("created"), solutionVersionArn: "arn:aws:personalize:ap-southeast-1:123456789012:solution/acme/first" };

describe("the reconciliation", () => {
  let folder: string;
  let cloud: TestCloud;
  let s3: S3Client;
  let exported: ExportedRun;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "c360-reconcile-"));
    cloud = await withCloud([s3Service]);
    s3 = new S3Client(cloud.client);
  });
  after(async () => {
    s3.destroy();
    await cloud.stop();
    rmSync(folder, { recursive: true });
  });

  const source = { file: "", seed: 1, nowSeconds: 1_800_000_000, defaultEventType: "watch" };
  const put = (key: string, body: string | Buffer) => s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  const run = () => {
    const where = { bucket: BUCKET, prefixes: PREFIXES, trackingId: "t", personalize: openStore(folder) };
    const first = { runs: [{ ...exportedRun(), training: FIRST }], problems: [problem("history.export.rowsIn", 1, 2)] };
    const campaign = { campaignArn: CAMPAIGN, training: { train: "afterExport" as const, campaign: true, gate: GATE } };
    return reconcile({ source, options: OPTIONS, s3, first, exported, ...campaign, ...where });
  };

  /** Does what the deployed parts do, from the planned records. */
  async function play(): Promise<void> {
    for (const bucket of [BUCKET, LOCATIONS.lake, LOCATIONS.downstream]) {
      await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn:pulumi:test::test::aws:s3/bucket:Bucket::${bucket}`);
    }
    source.file = join(folder, "in.csv");
    const rows = Array.from({ length: 60 }, (_, n) => `u${n % 6},i${n % 50},${1000 + n * 60},${n % 3 === 0 ? "" : "click"}`);
    writeFileSync(source.file, `USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n${rows.join("\n")}\n,i,1,\nu,i,0,\n`);
    const { table } = await readSource(source);
    const planned = planProduction(table, OPTIONS);
    const answers = planned.sessions.map(({ id, userId }) => ({ id, userId, items: ["i44", "i45"], recommendationId: `r of ${id}` }));
    const production = withRecommendations(
      planned,
      new Map(answers.map(({ id, items, recommendationId }) => [id, { items, recommendationId }])),
    );
    await put(`${PREFIXES.history}a.csv`, encodeCsv(production.table, production.history));
    const log = openStore(folder);
    for (const answer of answers) await log.append("recommendations", { campaignArn: CAMPAIGN, ...answer });
    const lines: string[] = [];
    const letters: Json[] = [];
    for (const [n, { data, userRecords = [data], events, deadLetter }] of [...production.records()].entries()) {
      for (const one of userRecords) lines.push(`${one.toString("latin1")}\n`);
      if (deadLetter) letters.push({ ...deadLetter, shard: "s0", sequenceNumber: String(n), data: data.toString("base64") });
      if (events === 0) continue;
      const isBad = (userRecord: number, line: number): boolean =>
        deadLetter?.lines?.some((bad) => (bad.userRecord ?? 0) === userRecord && bad.line === line) ?? false;
      const good = userRecords.flatMap((one, u) =>
        one
          .toString()
          .split(/\r?\n/)
          .filter((_, line) => !isBad(u, line)),
      );
      for (const text of good) await accept(log, text, n, deadLetter?.events);
    }
    const half = lines.length >> 1;
    await put(`${PREFIXES.latest}2026/01/01/00/a`, Buffer.from(lines.slice(half).join(""), "latin1"));
    await put(`${PREFIXES.latest}2026/01/01/00/b.gz`, gzipSync(Buffer.from(lines.slice(0, half).join(""), "latin1")));
    await put(`${PREFIXES.deadLetter}2026/01/01/s0-1.ndjson`, letters.map((letter) => `${JSON.stringify(letter)}\n`).join(""));
    const settings = { streamedEvents: "include" as const, interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"] };
    const result = await putExport(
      s3,
      LOCATIONS,
      expectedExport(production, () => true),
    );
    const ofFirst = exportedRun().export?.expected ?? assert.fail();
    await log.append("trainings", { solutionVersionArn: FIRST.solutionVersionArn, ...ofFirst });
    await log.append("trainings", { solutionVersionArn: trained("updated").solutionVersionArn, ...result.counts.table });
    exported = { run: { ...result, status: "SUCCEEDED", seconds: { Export: 1 }, result }, settings, locations: LOCATIONS };
  }

  async function accept(log: ReturnType<typeof openStore>, text: string, call: number, bad: readonly number[] = []): Promise<void> {
    const record = JSON.parse(text) as { user_id?: string; session_id: string; event_list: (Json & { properties?: Json })[] };
    const { user_id: userId = null, session_id: sessionId } = record;
    const events = record.event_list.filter((_, index) => !bad.includes(index));
    await log.append("calls", { call, status: "accepted", events: events.length });
    for (const event of events) {
      const eventId = JSON.stringify([userId ?? sessionId, event]);
      const { itemId = event.properties?.itemId } = event;
      await log.append("events", { call, trackingId: "t", sessionId, userId, event: { ...event, itemId, eventId } });
    }
  }

  it("recomputes everything from the file and finds it", async () => {
    await play();
    const { input, produced, delivered, forwarded, deadLetters, runs, campaign, problems } = await run();
    assert.deepEqual(problems, [problem("history.export.rowsIn", 1, 2)]);
    assert.deepEqual(
      { ...input, sha256: "" },
      {
        ...{ file: source.file, sha256: "", rows: 62, valid: 60, history: 42, live: 18 },
        leftOut: { userIdEmpty: { count: 1, lines: [62] }, timestampNotPositive: { count: 1, lines: [63] } },
      },
    );
    const { sessions } = produced;
    assert.ok(sessions >= 6 && produced.records > 2 * sessions);
    assert.deepEqual(produced.poison, POISON_ONCE);
    assert.equal(produced.events, sessions + 18 + 11 + 2 + 2 + 1 + 1 + 6);
    assert.deepEqual([delivered.records, delivered.objects], [produced.records, 2]);
    assert.deepEqual([forwarded.events, forwarded.distinct, forwarded.redelivered], [produced.events, produced.events - 1, 1]);
    assert.equal(forwarded.calls, produced.records - 17);
    assert.deepEqual(deadLetters, { objects: 1, records: 22, byReason: REASONS_ONCE });
    const { solutionVersionArn } = trained("updated");
    assert.deepEqual(campaign, { arn: CAMPAIGN, solutionVersionArn, requests: sessions, shown: 2 * sessions, followed: 2 });
    const [first, { export: made, training, ...ended }] = runs;
    assert.deepEqual([first.training, training], [FIRST, trained("updated")]);
    assert.deepEqual(ended, {
      runId: "0123456789ab-1",
      runDate: "2026-11-25",
      status: "SUCCEEDED",
      seconds: { Export: 1 },
    });
    assert.deepEqual(
      [made?.rowsIn, made?.table.rows, made?.leftOut],
      [60 + POISON_ROWS + sessions, 60 + POISON_INTERACTIONS, { ...LEFT_OUT_ONCE, noItem: sessions }],
    );
  });

  it("finds what went wrong anywhere", async () => {
    const log = openStore(folder);
    await put(`${PREFIXES.latest}2026/01/01/00/c`, "{}\n");
    await put(`${PREFIXES.errors}format/x`, "x");
    await put(`${PREFIXES.discarded}uuid/x`, "x");
    await put(`${PREFIXES.history}b.csv`, "x");
    await log.append("events", {
      trackingId: "t",
      sessionId: "s",
      userId: "u",
      event: { eventId: "1", eventType: "watch", sentAt: 1, itemId: "i" },
    });
    await log.append("recommendations", { campaignArn: CAMPAIGN, userId: "u9", items: ["i"], recommendationId: "r" });
    await s3.send(new DeleteObjectCommand({ Bucket: LOCATIONS.downstream, Key: LOCATIONS.manifest }));
    const { problems } = await run();
    assert.deepEqual(
      problems.map(({ check, actual, examples }) => [check, check === "history.bytes" ? typeof actual : actual, examples]),
      [
        ["history.export.rowsIn", 2, []],
        ["history.bytes", "number", []],
        ["campaign.unexpected", 1, ["u9 r"]],
        ["delivered.changed", 1, [`${PREFIXES.latest}2026/01/01/00/c: {}`]],
        ["forwarded.changed", 1, ['s ["u","i",1,"watch"]']],
        ["delivered.errors", 1, [`${PREFIXES.errors}format/x`]],
        ["forwarded.discardedBatches", 1, [`${PREFIXES.discarded}uuid/x`]],
        ["export.manifest", null, ["the manifest is missing"]],
      ],
    );
  });

  it("shares no code with the program, its functions and its SQL", () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, path] of readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type )[^;]*? from "(\.[^"]+)"/gm)) {
        const target = resolve(dirname(file), path);
        visit(existsSync(`${target}.ts`) ? `${target}.ts` : join(target, "index.ts"));
      }
    };
    visit(join(ROOT, "local/reconciliation/reconcile.ts"));
    const files = [...seen].map((file) => relative(ROOT, file));
    const outside = files.filter((file) => !file.startsWith("local/"));
    assert.deepEqual(outside.sort(), ["cli/aws/execution.ts", "cli/shared/command.ts"]);
    assert.ok(files.length >= 15);
  });
});

const BUCKETS = { lake: "l", downstream: "d" };

describe("the reconciliation of a run", () => {
  it("compares nothing of a run that failed, names why, and keeps the run", async () => {
    const run = {
      runId: "abc",
      runDate: "2026-11-25",
      status: "FAILED",
      error: "TooFew",
      cause: "999 rows:\n 1000 needed",
      seconds: { A: 1 },
    };
    const settings = { streamedEvents: "include" as const, interactionColumns: [] };
    const production = planProduction(tableOf([]), { split: "time", liveShare: 0.2, seed: 1, poison: 0 });
    const exported = { run, settings, locations: exportLocations("dev", BUCKETS) };
    assert.deepEqual(await compareRun(production, new S3Client({ region: "r" }), exported), {
      runs: [run],
      problems: [{ check: "pipeline.run", expected: "SUCCEEDED", actual: "FAILED", examples: ["TooFew: 999 rows: 1000 needed"] }],
    });
  });

  it("looks for a personal stage's keys below its name", () => {
    const table = "crm_derived_restricted/t200_dashboard_interaction/";
    const [csv, manifest] = ["recommender/personalize_input.csv", "recommender/personalize_input.manifest.json"];
    assert.deepEqual(exportLocations("prod", BUCKETS), { ...BUCKETS, table, csv, manifest });
    assert.deepEqual(exportLocations("alice", BUCKETS), {
      ...{ ...BUCKETS, table: `alice/${table}`, csv: `alice/${csv}`, manifest: `alice/${manifest}` },
    });
  });
});

describe("the prefixes of upstream", () => {
  it("are at the top for shared stages and below the stage's name for others", () => {
    for (const stage of ["dev", "staging", "prod"]) assert.equal(upstreamPrefixes(stage).latest, "crm/dashboard_interaction/latest/");
    assert.deepEqual(upstreamPrefixes("anna"), {
      history: "anna/crm/dashboard_interaction/history/",
      latest: "anna/crm/dashboard_interaction/latest/",
      errors: "anna/crm/dashboard_interaction/errors/",
      deadLetter: "anna/crm/dashboard_interaction/dead_letter/",
      discarded: "aws/lambda/",
    });
  });
});
