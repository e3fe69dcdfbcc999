import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Statement } from "../../../components/shared/policies";
import { ServiceError } from "@c360/local-aws";
import { eventually } from "@c360/local-aws/testing";
import { BUCKETS } from "../../support/exportFunctions";
import { COLUMNS, lines } from "../../support/exportParts";
import { expectedLines, type Found, partKey, UPLOAD_PART } from "../../support/exportWorld";
import { startBreakingProxy } from "../../support/breakingProxy";
import { eachWithGlue, type GlueWorld, type JobArguments, jobAnswer, queryArguments } from "../../support/glueWorld";

const MIB = 1024 ** 2;
const SMALL = { UPLOAD_BYTES: 5 * MIB, COPY_BYTES: 12 * MIB };
const PUT = "PUT /{Bucket}/{Key+}";
const GET = "GET /{Bucket}/{Key+}";
const keyOf = (name: string) => partKey("0123456789ab-1", name);
const uri = (name: string) => `s3://${BUCKETS.cache}/${keyOf(name)}`;

describe("the export's Glue job, when something is wrong with its input", () => {
  let world: GlueWorld;
  let old: Found | undefined;

  eachWithGlue(async (opened) => {
    world = opened;
    jobAnswer(await world.run(queryArguments(await world.lambda.parts({ old: lines(100, 9) }, { runId: "old-1", runDate: "2026-11-20" }))));
    old = await world.lambda.found();
  });

  /** Fails with just this error; the CSV that was there stays, and no upload is left behind. */
  const checkFails = async (args: JobArguments, name: string, message: RegExp | string, sizes = {}) => {
    const { error } = await world.run(args, sizes);
    assert.equal(error?.name, name, JSON.stringify(error));
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.deepEqual(await world.lambda.found(), old);
    assert.equal(await world.lambda.openUploads(), 0);
  };

  it("names a part that is not there", async () => {
    const args = queryArguments(await world.lambda.parts({ a: lines(1000, 0), b: "x" }));
    await world.lambda.remove(BUCKETS.cache, keyOf("b"));
    await checkFails(args, "PartChanged", `Part "${uri("b")}" must stay as it was found, but it is not there`);
  });

  it("names a part that vanishes while others are uploaded, and gives the upload up", async () => {
    const names = Array.from({ length: 12 }, (_, i) => `part-${String(i).padStart(2, "0")}`);
    const args = queryArguments(await world.lambda.parts(Object.fromEntries(names.map((name) => [name, lines(2 * MIB, 1)]))));
    const silence = world.lambda.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence", to: 1 });
    const held = world.lambda.cloud.faults.inject({
      ...{ service: "s3", operation: GET, kind: "silence", when: ({ Key }) => Key === keyOf("part-11") },
    });
    const failed = checkFails(args, "PartChanged", `Part "${uri("part-11")}" must stay as it was found, but it is not there`, SMALL);
    await eventually(() => assert.ok(silence.injected > 0 && held.injected > 0));
    assert.equal(await world.openUploads(BUCKETS.cache), 1);
    await world.lambda.remove(BUCKETS.cache, keyOf("part-11"));
    silence.remove();
    held.remove();
    await failed;
  });

  it("names its own CSV in cache when that changes before it is copied", async () => {
    const args = queryArguments(await world.lambda.parts({ a: lines(1000, 0) }));
    const silence = world.lambda.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence" });
    const made: string[] = [];
    const put = world.lambda.cloud.faults.inject({
      ...{ service: "s3", operation: PUT, kind: "silence", when: ({ Key }) => made.push(String(Key)) < 0 },
    });
    const failed = checkFails(
      args,
      "PartChanged",
      /^Part "s3:.*\/recommender\/inflated\/.*\.csv" must stay as it was found, but it changed$/,
    );
    await eventually(() => assert.ok(silence.injected > 0));
    put.remove();
    assert.equal(made.length, 1);
    assert.match(made[0], /^recommender\/inflated\/0123456789ab-1\/[0-9a-f]{32}\.csv$/);
    await world.lambda.put(BUCKETS.cache, made[0], "changed");
    silence.remove();
    await failed;
  });

  it("takes up a read that broke off, but of the same object alone", async () => {
    const parts = { a: lines(12 * MIB, 0) };
    const event = await world.lambda.parts(parts);
    const path = `/${BUCKETS.cache}/${keyOf("a")}`;
    const proxy = await startBreakingProxy(world.lambda.cloud.cloud.endpoint, { path, bytes: 3 * MIB, times: 2 });
    try {
      jobAnswer(await world.runScript(queryArguments(event), {}, proxy.url));
      assert.equal(proxy.broken(), 2);
      await world.lambda.checkExported(event, expectedLines(parts));
    } finally {
      await proxy.stop();
    }
    old = await world.lambda.found();
    const changing = await startBreakingProxy(world.lambda.cloud.cloud.endpoint, {
      ...{ path, bytes: 3 * MIB, times: 1, onBreak: () => world.lambda.put(BUCKETS.cache, keyOf("a"), lines(12 * MIB, 7)) },
    });
    try {
      const { error } = await world.runScript({ ...queryArguments(event), run_date: "2026-11-25" }, {}, changing.url);
      assert.deepEqual(error, { name: "PartChanged", message: `Part "${uri("a")}" must stay as it was found, but it changed` });
      assert.deepEqual(await world.lambda.found(), old);
    } finally {
      await changing.stop();
    }
  });

  it("names a gzip part that is corrupt, truncated or followed by something", async () => {
    const whole = gzipSync(lines(300_000, 1));
    const corrupt = Buffer.from(whole);
    corrupt.fill(0xff, whole.length / 2, whole.length / 2 + 40);
    const args = queryArguments(await world.lambda.parts({ "a.gz": gzipSync(lines(100, 0)), "b.gz": whole }));
    for (const [bytes, message] of [
      [corrupt, "(invalid|incorrect) .*"],
      [whole.subarray(0, whole.length / 2), "unexpected end of file"],
      [whole.subarray(0, whole.length - 4), "unexpected end of file"],
      [Buffer.concat([whole, Buffer.from("tail")]), "incorrect header check"],
    ] as const) {
      await world.lambda.put(BUCKETS.cache, keyOf("b.gz"), bytes);
      await checkFails(args, "CorruptPart", new RegExp(`^Part "${uri("b.gz")}" must be whole gzip, but it is not: ${message}$`));
    }
  });

  it("says how many bytes there are, and how many there should be", async () => {
    const event = await world.lambda.parts({ "a.gz": gzipSync(lines(12 * MIB, 0)) });
    const is = event.bytes + COLUMNS.length + 1;
    for (const more of [-1, 1]) {
      const message = `The CSV must have ${is + more} bytes, as its rows were counted, but its parts make ${is}`;
      await checkFails(queryArguments({ ...event, bytes: event.bytes + more }), "WrongSize", message, SMALL);
    }
  });

  it("wants rows, parts, and parts of its own place", async () => {
    const args = queryArguments(await world.lambda.parts({ a: lines(1000, 0) }));
    await checkFails({ ...args, rows: "0" }, "NoRows", "The table has no row for 2026-11-24: nothing was exported");
    const none = queryArguments(await world.lambda.parts({}, { rows: 1 }));
    await checkFails(none, "NoParts", `The query wrote no parts: "${none.parts_manifest}" names none`);
    const absent = `s3://${BUCKETS.cache}/athena/absent-manifest.csv`;
    await checkFails({ ...args, parts_manifest: absent }, "NoParts", `The query wrote no parts: "${absent}" is not there`);
    const [stray, list] = [`s3://${BUCKETS.cache}/athena/stray`, `s3://${BUCKETS.cache}/athena/stray-manifest.csv`];
    await world.lambda.put(BUCKETS.cache, "athena/stray-manifest.csv", `${stray}\n`);
    const below = `every part must lie below s3://${BUCKETS.cache}/recommender/parts/, got "${stray}"`;
    await checkFails({ ...args, parts_manifest: list }, "StrayPart", `Manifest "${list}": ${below}`);
    const rule = 'dashboard_interaction_export: run_date must be a date YYYY-MM-DD, got "yesterday"';
    await checkFails({ ...args, run_date: "yesterday" }, "BadInput", rule);
  });

  it("survives an upload and a copy that fail once, and gives up on what always fails", async () => {
    const parts = { a: lines(12 * MIB, 0) };
    const event = await world.lambda.parts(parts);
    const unavailable = new ServiceError("ServiceUnavailable", "Please try again", 503);
    const always = world.lambda.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: unavailable });
    await checkFails(queryArguments(event), "ServiceUnavailable", /Please try again/, SMALL);
    always.remove();
    const once = world.lambda.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: unavailable, to: 1 });
    const lost = world.lambda.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "loseAnswer", from: 3, to: 4 });
    jobAnswer(await world.run(queryArguments(event), SMALL));
    assert.deepEqual([once.injected, lost.injected], [1, 2]);
    await world.lambda.checkExported(event, expectedLines(parts));
  });

  it("says which permission is missing", async () => {
    const args = queryArguments(await world.lambda.parts({ a: lines(12 * MIB, 0) }));
    const without = (action: string) => (statement: Statement) => {
      if (statement.Sid === "ReadScript") return [statement];
      const actions = [statement.Action].flat().filter((one) => one !== action);
      return actions.length === 0 ? [] : [{ ...statement, Action: actions }];
    };
    for (const action of ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]) {
      await world.allow((policy) => ({ ...policy, Statement: policy.Statement.flatMap(without(action)) }));
      await checkFails(args, "AccessDenied", new RegExp(action));
    }
    for (const sid of ["ReadParts", "KeepWork", "ReplaceInput", "FindInput"]) {
      await world.allow((policy) => ({ ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== sid) }));
      await checkFails(args, "AccessDenied", /s3:/);
    }
    await world.allow((policy) => ({ ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== "ReadScript") }));
    assert.match((await world.run(args)).error?.message ?? "", /^LAUNCH ERROR .* is not authorized to perform s3:GetObject on .*\.py: /);
  });
});
