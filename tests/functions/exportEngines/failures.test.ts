import * as assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ServiceError, type Json } from "@c360/local-aws";
import { eventually } from "@c360/local-aws/testing";
import { startBreakingProxy } from "../../support/breakingProxy";
import { BUCKETS } from "../../support/deployedExports";
import { describeEngines } from "../../support/exportEngines";
import { expectedLines, GET, partKey, partUri, PUT, UPLOAD_PART } from "../../support/exportFixture";
import { COLUMNS, lines } from "../../support/exportParts";

const MIB = 1024 ** 2;
const headerOf = ({ headers }: Json, name: string) => (headers as Record<string, string | undefined>)[name];
const isCopy = (input: Json) => headerOf(input, "x-amz-copy-source") !== undefined;
const partChanged = (name: string, how: "changed" | "is not there") => `Part "${partUri(name)}" must stay as it was found, but it ${how}`;

describeEngines("when something is wrong with its input", ({ name, fixture }) => {
  /** Holds calls back until one waits, then makes a change, then lets them go on. */
  const whileHeld = async (operation: string, when: (input: Json) => boolean, change: () => Promise<void>) => {
    const silence = fixture().cloud.faults.inject({ service: "s3", operation, kind: "silence", when });
    await eventually(() => assert.ok(silence.injected > 0));
    await change();
    silence.remove();
  };

  beforeEach(() => fixture().putOldCsv());

  it("names a part that does not exist", async () => {
    const event = await fixture().parts({ a: lines(1000, 0), b: "" });
    await fixture().remove(BUCKETS.cache, partKey("b"));
    await fixture().checkFails(event, "PartChanged", partChanged("b", "is not there"));
  });

  it("names a part that changes or vanishes while it is read, and aborts the upload", async () => {
    const large = gzipSync(lines(12 * MIB, 1), { level: 0 });
    const isReadOfEnd = (input: Json) =>
      input.Key === partKey("b.gz") && headerOf(input, "range")?.startsWith(`bytes=${8 * MIB}-`) === true;
    const isRead = ({ Key }: Json) => Key === partKey("b.gz");
    for (const [how, change] of [
      ["changed", () => fixture().put(BUCKETS.cache, partKey("b.gz"), gzipSync(lines(12 * MIB, 7), { level: 0 }))],
      ["is not there", () => fixture().remove(BUCKETS.cache, partKey("b.gz"))],
    ] as const) {
      // The job first finds the ETag of a part when it reads it.
      if (name === "glue" && how === "changed") continue;
      const event = await fixture().parts({ a: lines(12 * MIB, 0), "b.gz": large });
      const changed = whileHeld(GET, name === "glue" ? isRead : isReadOfEnd, change);
      await fixture().checkFails(event, "PartChanged", partChanged("b.gz", how));
      await changed;
    }
  });

  it("reads again what broke off, but of the same object", async () => {
    const parts = { "a.gz": gzipSync(lines(12 * MIB, 0), { level: 0 }) };
    const event = await fixture().parts(parts);
    const breaks = { path: `/${BUCKETS.cache}/${partKey("a.gz")}`, bytes: 3 * MIB };
    const { endpoint } = fixture().cloud.cloud;
    const changing = await startBreakingProxy(endpoint, {
      ...{ ...breaks, times: 1, onBreak: () => fixture().put(BUCKETS.cache, partKey("a.gz"), gzipSync(lines(12 * MIB, 7), { level: 0 })) },
    });
    await fixture().checkFails(event, "PartChanged", partChanged("a.gz", "changed"), { endpoint: changing.url });
    await changing.stop();
    await fixture().parts(parts);
    const proxy = await startBreakingProxy(endpoint, { ...breaks, times: 2 });
    await fixture().answer(event, { endpoint: proxy.url });
    assert.equal(proxy.broken(), 2);
    await proxy.stop();
    await fixture().checkExported(event, expectedLines(parts));
  });

  it("names a gzip part that is truncated, or followed by zeros and garbage", async () => {
    const whole = gzipSync(lines(300_000, 1));
    const event = await fixture().parts({ "a.gz": gzipSync(lines(100, 0)), "b.gz": whole });
    for (const [bytes, reason] of [
      [whole.subarray(0, whole.length - 4), "unexpected end of file"],
      [Buffer.concat([whole, Buffer.alloc(600), Buffer.from("garbage")]), "incorrect header check"],
    ] as const) {
      await fixture().put(BUCKETS.cache, partKey("b.gz"), bytes);
      await fixture().checkFails(event, "CorruptPart", `Part "${partUri("b.gz")}" must be whole gzip, but it is not: ${reason}`);
    }
  });

  it("refuses parts with another number of bytes than was counted", async () => {
    const event = await fixture().parts({ "a.gz": gzipSync(lines(12 * MIB, 0)) });
    const is = event.bytes + COLUMNS.length + 1;
    const message = `The CSV must have ${is + 1} bytes, as its rows were counted, but its parts make ${is}`;
    await fixture().checkFails({ ...event, bytes: event.bytes + 1 }, "WrongSize", message);
  });

  it("needs a list of parts, which lie where a query writes them", async () => {
    const event = await fixture().parts({ a: lines(1000, 0) });
    const list = `s3://${BUCKETS.cache}/athena/list.csv`;
    const listed = { ...event, manifest: list };
    await fixture().checkFails(listed, "NoParts", `The query wrote no parts: "${list}" is not there`);
    await fixture().put(BUCKETS.cache, "athena/list.csv", "\r\n\n");
    await fixture().checkFails(listed, "NoParts", `The query wrote no parts: "${list}" names none`);
    const stray = `s3://${BUCKETS.cache}/athena/stray`;
    await fixture().put(BUCKETS.cache, "athena/list.csv", `${stray}\n`);
    const rule = `every part must lie below s3://${BUCKETS.cache}/recommender/parts/, got "${stray}"`;
    await fixture().checkFails(listed, "StrayPart", `Manifest "${list}": ${rule}`);
  });

  it("survives calls that fail once or whose answer is lost, and gives up on one that always fails", async () => {
    const parts = { a: lines(12 * MIB, 0) };
    const event = await fixture().parts(parts);
    const fault = {
      service: "s3",
      operation: UPLOAD_PART,
      kind: new ServiceError("ServiceUnavailable", "Please try again", 503),
      when: isCopy,
    };
    const always = fixture().cloud.faults.inject(fault);
    await fixture().checkFails(event, "ServiceUnavailable", /Please try again/);
    assert.ok(always.injected >= 3);
    always.remove();
    const once = fixture().cloud.faults.inject({ ...fault, to: 1 });
    const lost = fixture().cloud.faults.inject({ ...fault, kind: "loseAnswer", from: 2, to: 2 });
    await fixture().answer(event);
    assert.deepEqual([once.injected, lost.injected], [1, 1]);
    await fixture().checkExported(event, expectedLines(parts));
  });

  it("names a permission that is missing", async () => {
    const event = await fixture().parts({ a: lines(1000, 0) });
    for (const missing of ["s3:ListBucket", "s3:GetObject", "s3:PutObject"]) {
      await fixture().allow((statement) => {
        const actions = [statement.Action].flat().filter((action) => action !== missing);
        return actions.length === 0 ? [] : [{ ...statement, Action: actions }];
      });
      await fixture().checkFails(event, "AccessDenied", new RegExp(missing));
    }
  });

  if (name === "glue") {
    it("names its own CSV in cache when that changes before S3 copies it", async () => {
      const event = await fixture().parts({ a: lines(1000, 0) });
      const made: string[] = [];
      const look = ({ Key }: Json) => made.push(String(Key)) < 0;
      fixture().cloud.faults.inject({ service: "s3", operation: PUT, kind: "silence", when: look });
      const changed = whileHeld(UPLOAD_PART, isCopy, async () => {
        assert.match(made[0], /^recommender\/inflated\/0123456789ab-1\/[0-9a-f]{32}\.csv$/);
        await fixture().put(BUCKETS.cache, made[0], "changed");
      });
      await fixture().checkFails(event, "PartChanged", /^Part "s3:.*\/recommender\/inflated\/.*\.csv" must stay .* but it changed$/);
      await changed;
    });
    return;
  }

  for (const [what, operation, when] of [
    ["its copy", UPLOAD_PART, isCopy],
    ["its start is read", GET, (input: Json) => /^bytes=0-5\d{6}$/.test(headerOf(input, "range") ?? "")],
  ] as const) {
    it(`names a part that changes or vanishes between its probe and ${what}`, async () => {
      for (const [how, change] of [
        ["changed", () => fixture().put(BUCKETS.cache, partKey("a"), lines(12 * MIB, 7))],
        ["is not there", () => fixture().remove(BUCKETS.cache, partKey("a"))],
      ] as const) {
        const event = await fixture().parts({ a: lines(12 * MIB, 0) });
        const changed = whileHeld(operation, when, change);
        await fixture().checkFails(event, "PartChanged", partChanged("a", how));
        await changed;
      }
    });
  }

  it("refuses input that the pipeline does not send, and a run without rows", async () => {
    const event = await fixture().parts({ a: lines(1000, 0) });
    await fixture().checkFails({ ...event, rows: 0 }, "NoRows", "The table has no row for 2026-11-24: nothing was exported");
    for (const [key, value, rule] of [
      ["runDate", "yesterday", "a date YYYY-MM-DD"],
      ["runId", "", "a text of printable ASCII"],
      ["manifest", "x", "an s3:// address"],
      ["rows", "12", "a whole number from 0"],
      ["bytes", -1, "a whole number from 0"],
    ] as const) {
      const message = `exportInteractions: ${key} must be ${rule}, got ${JSON.stringify(value)}`;
      await fixture().checkFails({ ...event, [key]: value }, "BadInput", message);
    }
  });

  it("aborts its uploads and fails before its time is over, whatever it waits for", async () => {
    const message = /^The export must end within \d+ ms: give the function more time, or use export.engine glue$/;
    const plain = await fixture().parts({ a: lines(12 * MIB, 0) }, { runId: "plain-1" });
    const gz = await fixture().parts({ "b.gz": gzipSync(lines(12 * MIB, 1), { level: 0 }) });
    for (const [event, operation, when] of [
      [gz, GET, ({ Key }: Json) => Key === partKey("b.gz")],
      [gz, UPLOAD_PART, ({ Bucket }: Json) => Bucket === BUCKETS.cache],
      [plain, UPLOAD_PART, isCopy],
    ] as const) {
      const silence = fixture().cloud.faults.inject({ service: "s3", operation, kind: "silence", when });
      await fixture().checkFails(event, "OutOfTime", message, { milliseconds: 4000 });
      assert.ok(silence.injected > 0);
      silence.remove();
    }
  });
});
