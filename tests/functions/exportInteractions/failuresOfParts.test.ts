import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Statement } from "../../../components/shared/policies";
import type { CountedEvent } from "../../../functions/exportInteractions/event";
import { ServiceError, type Json } from "@c360/local-aws";
import { eventually } from "@c360/local-aws/testing";
import { BUCKETS } from "../../support/exportFunctions";
import { lines } from "../../support/exportParts";
import { answerOf, eachWithExport, type ExportWorld, expectedLines, partKey, UPLOAD_PART, type Found } from "../../support/exportWorld";
import type { SerializedFunction } from "../../support/serialize";

const MIB = 1024 ** 2;
const uri = (name: string, runId = "0123456789ab-1") => `s3://${BUCKETS.cache}/${partKey(runId, name)}`;
const GET = "GET /{Bucket}/{Key+}";
const headerOf = ({ headers }: Json, name: string) => (headers as Record<string, string | undefined>)[name];
const isReadOfStart = (input: Json) => /^bytes=0-5\d{6}$/.test(headerOf(input, "range") ?? "");
const isCopy = (input: Json) => headerOf(input, "x-amz-copy-source") !== undefined;

describe("the export, when something is wrong with its input", () => {
  let world: ExportWorld;
  let exporter: SerializedFunction;
  let old: Found | undefined;

  eachWithExport(async (...opened) => {
    [world, exporter] = opened;
    answerOf(await exporter.invoke(await world.parts({ old: lines(100, 9) }, { runId: "old-1", runDate: "2026-11-20" })));
    old = await world.found();
  });

  /** Fails with just this error; the CSV that was there stays, and no upload is left behind. */
  const checkFails = async (event: CountedEvent, error: { name: string; message: RegExp }, milliseconds?: number) => {
    const found = (await exporter.invoke(event, milliseconds)).error;
    assert.equal(found?.name, error.name, JSON.stringify(found));
    assert.match(found.message, error.message);
    assert.deepEqual(await world.found(), old);
    assert.equal(await world.openUploads(), 0);
  };
  /** Holds back the calls until one waits, then lets the world change, then lets them go on. */
  const whileHeld = async (operation: string, when: (input: Json) => boolean, change: () => Promise<void>) => {
    const silence = world.cloud.faults.inject({ service: "s3", operation, kind: "silence", when });
    await eventually(() => assert.ok(silence.injected > 0));
    await change();
    silence.remove();
  };
  const changes = () => world.put(BUCKETS.cache, partKey("0123456789ab-1", "a"), lines(12 * MIB, 7));
  const vanishes = () => world.remove(BUCKETS.cache, partKey("0123456789ab-1", "a"));

  for (const [what, operation, when, change, message] of [
    ["changes between its probe and its copy", UPLOAD_PART, isCopy, changes, "but it changed"],
    ["vanishes between its probe and its copy", UPLOAD_PART, isCopy, vanishes, "but it is not there"],
    ["changes before its start is read", GET, isReadOfStart, changes, "but it changed"],
    ["vanishes before its start is read", GET, isReadOfStart, vanishes, "but it is not there"],
  ] as const) {
    it(`names a part that ${what}`, async () => {
      const event = await world.parts({ a: lines(12 * MIB, 0) });
      const changed = whileHeld(operation, when, change);
      await checkFails(event, { name: "PartChanged", message: new RegExp(`^Part "${uri("a")}" must stay as .*, ${message}$`) });
      await changed;
    });
  }

  it("names a part that was never there", async () => {
    const event = await world.parts({ a: lines(1000, 0), b: "" });
    await world.remove(BUCKETS.cache, partKey(event.runId, "b"));
    await checkFails(event, { name: "PartChanged", message: new RegExp(`^Part "${uri("b")}" .* is not there$`) });
  });

  it("names a gzip part that is corrupt, truncated or followed by something", async () => {
    const whole = gzipSync(lines(300_000, 1));
    const corrupt = Buffer.from(whole);
    corrupt.fill(0xff, whole.length / 2, whole.length / 2 + 40);
    for (const [bytes, message] of [
      [corrupt, /: (invalid|incorrect)/],
      [whole.subarray(0, whole.length / 2), /: unexpected end of file$/],
      [whole.subarray(0, whole.length - 4), /: unexpected end of file$/],
      [Buffer.concat([whole, Buffer.from("tail")]), /: incorrect header check$/],
    ] as const) {
      const event = await world.parts({ "a.gz": gzipSync(lines(100, 0)), "b.gz": whole });
      await world.put(BUCKETS.cache, partKey(event.runId, "b.gz"), bytes);
      await checkFails(event, { name: "CorruptPart", message: new RegExp(`^Part "${uri("b.gz")}" must be whole gzip.*${message.source}`) });
    }
  });

  it("says how many bytes there are, and how many there should be", async () => {
    for (const [name, content] of [
      ["a", lines(1000, 0)],
      ["a.gz", gzipSync(lines(1000, 0))],
    ] as const) {
      const parts = { [name]: content };
      const event = await world.parts(parts);
      const is = event.bytes + 37;
      for (const more of [-1, 1]) {
        const message = new RegExp(`^The CSV must have ${is + more} bytes, as its rows were counted, but its parts make ${is}$`);
        await checkFails({ ...event, bytes: event.bytes + more }, { name: "WrongSize", message });
      }
    }
  });

  it("wants rows, parts, and parts of its own place", async () => {
    const event = await world.parts({ a: lines(1000, 0) });
    await checkFails({ ...event, rows: 0 }, { name: "NoRows", message: /^The table has no row for 2026-11-24: nothing was exported$/ });
    await checkFails(await world.parts({}, { rows: 1 }), {
      name: "NoParts",
      message: /^The query wrote no parts: ".*-manifest.csv" names none$/,
    });
    const absent = `s3://${BUCKETS.cache}/athena/absent-manifest.csv`;
    await checkFails(
      { ...event, manifest: absent },
      { name: "NoParts", message: new RegExp(`^The query wrote no parts: "${absent}" is not there$`) },
    );
    const stray = `s3://${BUCKETS.cache}/athena/stray`;
    await world.put(BUCKETS.cache, "athena/stray-manifest.csv", `${stray}\n`);
    await checkFails(
      { ...event, manifest: `s3://${BUCKETS.cache}/athena/stray-manifest.csv` },
      { name: "StrayPart", message: new RegExp(`every part must lie below s3://${BUCKETS.cache}/recommender/parts/, got "${stray}"$`) },
    );
    for (const [key, value, rule] of [
      ["runDate", "yesterday", "a date YYYY-MM-DD"],
      ["runId", "", "a text of printable ASCII"],
      ["manifest", "x", "an s3:// address"],
      ["rows", "12", "a whole number from 0"],
      ["bytes", -1, "a whole number from 0"],
    ] as const) {
      const message = new RegExp(`^exportInteractions: ${key} must be ${rule}, got ${JSON.stringify(value)}$`);
      await checkFails({ ...event, [key]: value }, { name: "BadInput", message });
    }
  });

  it("survives a copy that fails once, and gives up on one that always fails", async () => {
    const parts = { a: lines(12 * MIB, 0) };
    const event = await world.parts(parts);
    const unavailable = new ServiceError("ServiceUnavailable", "Please try again", 503);
    const always = world.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: unavailable, when: isCopy });
    await checkFails(event, { name: "ServiceUnavailable", message: /Please try again/ });
    assert.ok(always.injected >= 3);
    always.remove();
    const once = world.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: unavailable, when: isCopy, to: 1 });
    answerOf(await exporter.invoke(event));
    assert.equal(once.injected, 1);
    await world.checkExported(event, expectedLines(parts));
  });

  it("gives up, with the upload aborted, before its time is over", async () => {
    const event = await world.parts({ a: lines(12 * MIB, 0) });
    world.cloud.faults.inject({ service: "s3", operation: UPLOAD_PART, kind: "silence" });
    await checkFails(
      event,
      { name: "OutOfTime", message: /^The export must end within \d+ ms: give the function more time, or use export.engine glue$/ },
      4000,
    );
  });

  it("says which permission is missing", async () => {
    const event = await world.parts({ a: lines(12 * MIB, 0) });
    const without = (action: string) => (statement: Statement) => {
      const actions = [statement.Action].flat().filter((one) => one !== action);
      return actions.length === 0 ? [] : [{ ...statement, Action: actions }];
    };
    for (const action of ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]) {
      await world.allow((policy) => ({ ...policy, Statement: policy.Statement.flatMap(without(action)) }));
      const message = new RegExp(action);
      await checkFails(event, { name: "AccessDenied", message });
    }
  });
});
