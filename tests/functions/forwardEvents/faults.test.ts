import * as assert from "node:assert/strict";
import { forwardedItems, type Faults, startFaults } from "../../support/faults";
import { kinesisBatch, viewRecord } from "../../support/kinesisEvent";
import type { ReceivedRequest, ScriptedAnswer } from "../../support/scriptedEndpoint";

const OK: ScriptedAnswer = { status: 200 };
const THROTTLED: ScriptedAnswer = { status: 400, errorType: "ThrottlingException", message: "Rate exceeded" };
const INVALID: ScriptedAnswer = { status: 400, errorType: "InvalidInputException", message: "1 validation error detected" };
const THREE = kinesisBatch([viewRecord("s1", ["i1"]), viewRecord("s2", ["i2"]), viewRecord("s3", ["i3"])]);
const failures = (...numbers: string[]) => ({ result: { batchItemFailures: numbers.map((itemIdentifier) => ({ itemIdentifier })) } });

describe("the forwarder's archive over HTTP, when things go wrong", () => {
  let faults: Faults | undefined;
  const start = async (script: (request: ReceivedRequest, index: number) => ScriptedAnswer, env?: Record<string, string>) => {
    faults = await startFaults(script, env);
    return faults;
  };
  afterEach(async () => {
    await faults?.stop();
    faults = undefined;
  });

  it("gets over a call that is throttled once", async () => {
    const { run, requests } = await start((_request, index) => (index === 0 ? THROTTLED : OK));
    assert.deepEqual(await run(kinesisBatch([viewRecord("s1", ["i1"])])), failures());
    assert.equal(requests.length, 2);
    assert.equal(faults?.metrics().CallRetries, 1);
  });

  it("returns the record whose calls stay throttled, and forwards the others", async () => {
    const { run, requests } = await start(({ body }) => (body.includes('"s2"') ? THROTTLED : OK));
    assert.deepEqual(await run(THREE), failures("1002"));
    assert.deepEqual(forwardedItems(requests, "s2").length, 3);
    const { EventsForwarded, CallsMade, Throttled, RecordsRetried } = faults?.metrics() ?? {};
    assert.deepEqual([EventsForwarded, CallsMade, Throttled, RecordsRetried], [2, 3, 1, 1]);
  });

  it("sends nothing of a session after its failed call", async () => {
    const items = Array.from({ length: 30 }, (_, i) => `i${i}`);
    const { run, requests } = await start((_request, index) => (index >= 1 ? { status: 503 } : OK));
    assert.deepEqual(await run(kinesisBatch([viewRecord("s1", items)])), failures("1001"));
    const attempts = forwardedItems(requests, "s1").map(([first]) => first);
    assert.deepEqual(attempts, ["i0", "i10", "i10", "i10"]);
  });

  it("returns records when the server is silent, and when it drops the connection", async () => {
    const { run } = await start(({ body }) => (body.includes('"s1"') ? "silence" : body.includes('"s2"') ? "disconnect" : OK));
    assert.deepEqual(await run(THREE), failures("1001", "1002"));
  });

  it("answers before its time is over, whatever the service does", async () => {
    const { run, requests } = await start(() => "silence");
    const from = process.hrtime.bigint();
    assert.deepEqual(await run(THREE, 1500), failures("1001", "1002", "1003"));
    assert.ok(process.hrtime.bigint() - from < 1_500_000_000n);
    assert.equal(requests.length, 3);
  });

  it("splits a rejected call until the bad event is alone, and keeps that event's record", async () => {
    const items = ["i0", "i1", "bad", "i3", "i4", "i5"];
    const { run, requests } = await start(({ method, body }) => (method === "POST" && body.includes('"bad"') ? INVALID : OK));
    const event = kinesisBatch([viewRecord("s1", items)]);
    assert.deepEqual(await run(event), failures());
    assert.deepEqual(forwardedItems(requests, "s1"), [items, ["i0", "i1", "bad"], ["i0", "i1"], ["bad"], ["i3", "i4", "i5"]]);
    const put = requests.find(({ method }) => method === "PUT");
    assert.equal(put?.path, "/upstream/dead/2026/11/20/shardId-000000000000-1001.ndjson");
    assert.deepEqual(JSON.parse(put.body), {
      reason: "rejected",
      sequenceNumber: "1001",
      shard: "shardId-000000000000",
      partitionKey: "p",
      arrived: "2026-11-20T12:00:00.000Z",
      events: [2],
      data: event.Records[0].kinesis.data,
    });
  });

  it("returns the lowest bad record when the dead-letter store fails", async () => {
    const { run } = await start(({ method }) => (method === "PUT" ? { status: 403, errorType: "AccessDenied" } : OK));
    assert.deepEqual(
      await run(kinesisBatch([viewRecord("s1", ["i1"]), "poison", viewRecord("s3", ["i3"]), "poison too"])),
      failures("1002"),
    );
    assert.equal(faults?.metrics().RecordsDeadLettered, 0);
  });

  it("keeps poison before a transient failure and leaves poison after it to the next delivery", async () => {
    const { run, requests } = await start(({ body }) => (body.includes('"s2"') ? { status: 503 } : OK));
    assert.deepEqual(await run(kinesisBatch(["poison 1", viewRecord("s2", ["i2"]), "poison 2"])), failures("1002"));
    const puts = requests.filter(({ method }) => method === "PUT");
    assert.deepEqual(
      puts.map(({ body }) =>
        body
          .trimEnd()
          .split("\n")
          .map((line) => (JSON.parse(line) as { sequenceNumber: string }).sequenceNumber),
      ),
      [["1001"]],
    );
  });

  for (const [errorType, status, message] of [
    ["AccessDeniedException", 403, "not authorized to perform: personalize:PutEvents"],
    ["ResourceNotFoundException", 404, "no tracker"],
    ["InvalidInputException", 400, "The tracking id is invalid"],
  ] as const) {
    it(`fails the invocation on ${errorType} (${message}) and keeps nothing in the dead-letter store`, async () => {
      const { run, requests } = await start(({ method }) => (method === "PUT" ? OK : { status, errorType, message }));
      const { error } = await run(kinesisBatch(["poison", viewRecord("s1", ["i1"])]));
      const detail = errorType === "InvalidInputException" ? "the event tracker is named as the reason" : message;
      assert.deepEqual(error, { name: "Misconfiguration", message: `PutEvents answered ${errorType} (${status}): ${detail}` });
      assert.ok(requests.every(({ method }) => method === "POST"));
    });
  }

  it("never makes more calls a second than it may", async () => {
    const { run } = await start(() => OK, { CALLS_PER_SECOND: "20" });
    const from = process.hrtime.bigint();
    assert.deepEqual(await run(kinesisBatch(Array.from({ length: 11 }, (_, i) => viewRecord(`s${i}`, ["i1"])))), failures());
    assert.ok(process.hrtime.bigint() - from >= 499_000_000n);
  });

  it("logs no payload", async () => {
    const { run, lines } = await start(({ body }) =>
      body.includes("bad-secret") ? { ...INVALID, message: "secret" } : { status: 500, errorType: "E", message: "secret" },
    );
    await run(kinesisBatch([viewRecord("s-secret", ["bad-secret"]), '{"secret"', viewRecord("s2-secret", ["i-secret"])]));
    const text = JSON.stringify(lines());
    assert.ok(lines().length >= 3 && !/secret/.test(text), text);
    assert.ok(!text.includes(Buffer.from('{"secret"').toString("base64").slice(0, 8)));
  });
});
