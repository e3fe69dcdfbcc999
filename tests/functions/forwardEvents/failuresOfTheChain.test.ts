import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { type ActiveFault, type FaultKind, ServiceError } from "@c360/local-aws";
import { eventually } from "@c360/local-aws/testing";
import { DeployedForwarder, type ForwarderOptions, REFUSAL } from "../../support/deployedForwarder";
import { holds, Ledger } from "../../support/forwarderLedger";

const THROTTLED = new ServiceError("ThrottlingException", "Rate exceeded");
const UNAVAILABLE = new ServiceError("ServiceUnavailable", "Please try again", 503);
const DENIED = new ServiceError("AccessDeniedException", "not now", 403);
const HOUR = 3_600_000;
const PATIENCE = { everyMs: 25 };

describe("stream, event source mapping and forwarder, when calls fail", () => {
  let at: DeployedForwarder;
  let ledger: Ledger;
  before(async () => {
    at = await DeployedForwarder.open({ batchSize: 5 });
    at.start();
  });
  beforeEach(async () => void (ledger = await Ledger.open(at)));
  afterEach(() => at.running.faults.clear());
  after(() => at.close());
  /** Waits until a fault has hit that many calls. Fails when a record is lost meanwhile. */
  const untilInjected = (fault: ActiveFault, calls: number): Promise<void> =>
    eventually(async () => {
      await ledger.checkNothingLost();
      assert.ok(fault.injected >= calls);
    }, PATIENCE);

  it("deliver a batch again when the function is killed during a call", async () => {
    const silence = at.failPutEvents("silence", { when: holds("b1") });
    const [first] = await ledger.put(
      { session: "a", items: ["a1", "a2"] },
      { session: "b", items: ["b1"] },
      { session: "c", items: ["c1", "invalid1"] },
      { session: "a", items: ["a3"] },
    );
    await untilInjected(silence, 1);
    await eventually(async () => assert.equal((await ledger.accepted()).length, 4), PATIENCE);
    assert.equal(at.kill(), 1);
    await untilInjected(silence, 2);
    assert.ok(ledger.checkpoint() < BigInt(first));
    silence.remove();
    await at.untilDone();
    await ledger.checkComplete();
    const again = (await ledger.accepted()).filter(({ event }) => event.itemId === "a1");
    assert.ok(again.length >= 2);
  });

  it("keep the checkpoint while the dead-letter store is down", async () => {
    const outage = at.failDeadLetters(UNAVAILABLE);
    const [first] = await ledger.put(
      { session: "a", items: ["a1"] },
      { session: "b", items: ["invalid1", "b1"] },
      { session: "a", items: ["a2"] },
      { session: "b", items: ["invalid2"] },
    );
    await untilInjected(outage, 4);
    await eventually(() => assert.equal(ledger.checkpoint(), BigInt(first)), PATIENCE);
    assert.deepEqual(await ledger.kept(), []);
    outage.remove();
    await at.untilDone();
    await ledger.checkComplete();
  });

  it("forward an event again under the same id when responses are lost", async () => {
    const lost = at.failPutEvents("loseAnswer", { to: 4 });
    const lostLetter = at.failDeadLetters("loseAnswer", { to: 1 });
    await ledger.put({ session: "a", items: ["a1", "refused1", "a2"] }, { session: "a", items: ["a3", "invalid1"] });
    await at.untilDone();
    await ledger.checkComplete();
    assert.deepEqual([lost.injected, lostLetter.injected], [4, 1]);
    assert.ok((await ledger.accepted()).length > 3);
    assert.equal((await ledger.kept()).length, 2);
  });

  it("continue after failures to read the stream and to write the log", async () => {
    const internal = new ServiceError("InternalFailure", "internal", 500);
    const reading = (["disconnect", "loseAnswer", internal] as const).map((kind, i) => at.failReading(kind, { from: i + 1, to: i + 1 }));
    const logging = at.running.faults.inject({ service: "logs", operation: "PutLogEvents", kind: UNAVAILABLE });
    const items = Array.from({ length: 12 }, (_, i) => `i${i}`);
    await ledger.put(...items.map((item, i) => ({ session: `s${i % 3}`, items: [item] })));
    await eventually(() => {
      assert.deepEqual(
        reading.map(({ injected }) => injected),
        [1, 1, 1],
      );
      assert.ok(logging.injected > 0);
    }, PATIENCE);
    await at.untilDone();
    await ledger.checkComplete();
  });

  it("move on behind sixty events that Personalize rejects for a reason that the forwarder does not know", async () => {
    const lines = (await at.lines()).length;
    const bad = Array.from({ length: 60 }, (_, i) => ({ session: `bad${i}`, items: [`refused${i}`] }));
    const good = Array.from({ length: 20 }, (_, i) => ({ session: `good${i}`, items: [`g${i}`] }));
    await ledger.put(...bad);
    await ledger.put(...good);
    await at.untilDone();
    await ledger.checkComplete();
    assert.equal((await ledger.accepted()).length, 20);
    assert.deepEqual(
      (await ledger.kept()).map(({ reason, events }) => [reason, events]),
      Array.from({ length: 60 }, () => ["rejected", undefined]),
    );
    const logged = (await at.lines()).slice(lines);
    const answer = `PutEvents answered InvalidInputException (400): ${REFUSAL}`;
    assert.equal(logged.filter(({ error }) => error === answer).length, 60);
    const retried = logged.filter((line) => "_aws" in line).map(({ RecordsRetried }) => RecordsRetried);
    assert.ok(retried.length > 0 && retried.every((count) => count === 0), "no invocation fails");
    assert.doesNotMatch(await at.text(), /Misconfiguration/);
  });

  it("lose no record under random failures", async () => {
    const item = fc.constantFrom("good", "good", "good", "good", "invalid", "refused");
    const records = fc.array(fc.record({ session: fc.nat(4), items: fc.array(item, { minLength: 1, maxLength: 12 }) }), {
      minLength: 1,
      maxLength: 8,
    });
    const calls = { from: fc.integer({ min: 1, max: 6 }), count: fc.integer({ min: 1, max: 3 }) };
    const kinds = (...some: FaultKind[]): fc.Arbitrary<FaultKind> =>
      fc.constantFrom(...some, "disconnect" as const, "loseAnswer" as const, UNAVAILABLE);
    // Silence is for calls of the function, which is killed then.
    const faults = fc.array(
      fc.oneof(
        fc.record({ on: fc.constant("failPutEvents" as const), kind: kinds("silence", DENIED, THROTTLED), ...calls }),
        fc.record({ on: fc.constant("failDeadLetters" as const), kind: kinds("silence", DENIED), ...calls }),
        fc.record({ on: fc.constant("failReading" as const), kind: kinds(DENIED), ...calls }),
      ),
      { minLength: 2, maxLength: 4 },
    );
    let run = 0;
    let injected = 0;
    await fc.assert(
      fc.asyncProperty(records, faults, async (batch, drawn) => {
        run += 1;
        const active = drawn.map(({ on, kind, from, count }) => ({ kind, fault: at[on](kind, { from, to: from + count - 1 }) }));
        const silent = (): number => active.filter(({ kind }) => kind === "silence").reduce((sum, { fault }) => sum + fault.injected, 0);
        await ledger.put(
          ...batch.map(({ session, items }, r) => ({
            session: `${run}-${session}`,
            items: items.map((kind, i) => `${kind}-${run}-${r}-${i}`),
          })),
        );
        const since = performance.now();
        let killed = 0;
        await eventually(async () => {
          await ledger.checkNothingLost();
          if (silent() > killed) {
            killed = silent();
            assert.ok(at.kill() > 0);
          }
          assert.equal(at.running.pending(since), 0);
        }, PATIENCE);
        at.running.faults.clear();
        await ledger.checkComplete();
        injected += active.reduce((sum, { fault }) => sum + fault.injected, 0);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    assert.ok(injected > 0);
  });
});

describe("stream, event source mapping and forwarder", () => {
  let at: DeployedForwarder | undefined;
  afterEach(() => at?.close());
  const open = async (options: ForwarderOptions): Promise<[DeployedForwarder, Ledger]> => {
    at = await DeployedForwarder.open(options);
    return [at, await Ledger.open(at)];
  };

  it("return in time while calls are throttled or silent, and finish afterwards", async () => {
    const [deployed, ledger] = await open({ timeoutSeconds: 2 });
    deployed.failPutEvents(THROTTLED, { when: holds("b1") });
    deployed.failPutEvents("silence", { when: holds("c1") });
    const [first] = await ledger.put(
      { session: "a", items: ["a1"] },
      { session: "b", items: ["b1"] },
      { session: "c", items: ["c1"] },
      { session: "d", items: ["invalid1", "d1"] },
    );
    deployed.start();
    await eventually(async () => {
      const { RecordsIn, RecordsRetried } = await deployed.metrics();
      assert.deepEqual([RecordsIn, RecordsRetried], [3, 2]);
    }, PATIENCE);
    await ledger.checkNothingLost();
    assert.equal(ledger.checkpoint(), BigInt(first));
    deployed.running.faults.clear();
    await deployed.untilDone();
    await ledger.checkComplete();
    assert.doesNotMatch(await deployed.text(), /Task timed out/);
  });

  it("keep the order of each session over two shards while calls fail", async () => {
    const [deployed, ledger] = await open({ batchSize: 5, shards: 2 });
    const throttled = deployed.failPutEvents(THROTTLED, { from: 3, to: 12 });
    const numbers = await ledger.put(...Array.from({ length: 36 }, (_, i) => ({ session: `s${i % 6}`, items: [`i${i}`] })));
    deployed.start();
    await deployed.untilDone();
    await ledger.checkComplete();
    assert.equal(throttled.injected, 10);
    const digitsOfShard = 21;
    assert.equal(new Set(numbers.map((number) => number.slice(0, digitsOfShard))).size, 2);
  });

  it("wait for a missing permission, and keep whole records in the failure destination when they become too old", async () => {
    const [deployed, ledger] = await open({ without: "SendEvents" });
    const denials = async (): Promise<number> =>
      (await deployed.lines()).filter(({ error }) => /not authorized to perform personalize:PutEvents/.test(String(error))).length;
    const untilDenied = (before: number) => eventually(async () => assert.ok((await denials()) > before), PATIENCE);
    const numbers = await ledger.put({ session: "a", items: ["a1", "invalid1"] }, { session: "b", items: ["b1"] });
    deployed.start();
    await untilDenied(0);
    await ledger.checkNothingLost();
    assert.deepEqual([ledger.checkpoint(), await ledger.kept()], [-1n, []]);
    deployed.clock.jump(21 * HOUR);
    await deployed.untilDone();
    await ledger.checkNothingLost();
    assert.deepEqual((await ledger.kept()).map(({ sequenceNumber }) => sequenceNumber).sort(), numbers);

    const later = await Ledger.open(deployed);
    const before = await denials();
    await later.put({ session: "a", items: ["a2", "invalid2"] }, { session: "b", items: ["b2"] });
    await untilDenied(before);
    await deployed.allow("SendEvents");
    await deployed.untilDone();
    await later.checkComplete();
  });
});
