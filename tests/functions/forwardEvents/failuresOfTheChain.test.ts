import * as assert from "node:assert/strict";
import { type ActiveFault, ServiceError } from "@c360/local-aws";
import { DeployedForwarder, type ForwarderOptions } from "../../support/deployedForwarder";
import { eventually } from "@c360/local-aws/testing";
import { acceptedEvents, holds, keptRecords, Ledger } from "../../support/forwarderLedger";

const THROTTLED = new ServiceError("ThrottlingException", "Rate exceeded");
const UNAVAILABLE = new ServiceError("ServiceUnavailable", "Please try again", 503);
const HOUR = 3_600_000;

describe("stream, mapping and forwarder together, when things go wrong", () => {
  let forwarder: DeployedForwarder | undefined;
  let ledger: Ledger;
  afterEach(async () => {
    await forwarder?.close();
    forwarder = undefined;
  });
  const open = async (options?: ForwarderOptions): Promise<DeployedForwarder> => {
    forwarder = await DeployedForwarder.open(options);
    ledger = new Ledger(forwarder);
    return forwarder;
  };
  /** Resolves when so many calls were struck; whatever is lost meanwhile fails the test. */
  const untilStruck = (fault: ActiveFault, calls: number): Promise<void> =>
    eventually(async () => {
      await ledger.checkNothingLost();
      assert.ok(fault.struck >= calls);
    });
  const untilAllIsDone = async (at: DeployedForwarder): Promise<void> => {
    await at.untilDone();
    await ledger.checkNothingLost();
    await ledger.checkComplete();
  };

  it("redelivers a batch whose function is killed while a call hangs", async () => {
    const at = await open();
    const silence = at.failPutEvents("silence", { when: holds("b1") });
    const [first] = await ledger.put(
      { session: "a", items: ["a1", "a2"] },
      { session: "b", items: ["b1"] },
      { session: "c", items: ["c1", "invalid1"] },
      { session: "a", items: ["a3"] },
    );
    at.start();
    await untilStruck(silence, 1);
    await eventually(async () => assert.equal((await acceptedEvents(at)).length, 4));
    assert.equal(at.kill(), 1);
    await untilStruck(silence, 2);
    assert.ok(ledger.checkpoint() < BigInt(first));
    silence.lift();
    await untilAllIsDone(at);
    const again = (await acceptedEvents(at)).filter(({ event }) => event.itemId === "a1");
    assert.ok(again.length >= 2);
  });

  it("answers in time while calls stay throttled or silent, and is done when they are not any more", async () => {
    const at = await open({ timeoutSeconds: 2 });
    at.failPutEvents(THROTTLED, { when: holds("b1") });
    at.failPutEvents("silence", { when: holds("c1") });
    const [first] = await ledger.put(
      { session: "a", items: ["a1"] },
      { session: "b", items: ["b1"] },
      { session: "c", items: ["c1"] },
      { session: "d", items: ["invalid1", "d1"] },
    );
    at.start();
    await eventually(async () => {
      const { RecordsIn, RecordsRetried } = await at.metrics();
      assert.deepEqual([RecordsIn, RecordsRetried], [3, 2]);
    });
    await ledger.checkNothingLost();
    assert.equal(ledger.checkpoint(), BigInt(first));
    at.running.faults.clear();
    await untilAllIsDone(at);
    assert.doesNotMatch(await at.text(), /Task timed out/);
  });

  it("keeps its place while the dead-letter store is down", async () => {
    const at = await open();
    const outage = at.failDeadLetters(UNAVAILABLE);
    const [first] = await ledger.put(
      { session: "a", items: ["a1"] },
      { session: "b", items: ["invalid1", "b1"] },
      { session: "a", items: ["a2"] },
      { session: "b", items: ["invalid2"] },
    );
    at.start();
    await untilStruck(outage, 4);
    await eventually(() => assert.equal(ledger.checkpoint(), BigInt(first)));
    assert.deepEqual(await keptRecords(at), []);
    outage.lift();
    await untilAllIsDone(at);
  });

  it("forwards no event under another id when the answers to it and to its dead letter are lost", async () => {
    const at = await open();
    const lost = at.failPutEvents("loseAnswer", { to: 4 });
    const lostLetter = at.failDeadLetters("loseAnswer", { to: 1 });
    await ledger.put({ session: "a", items: ["a1", "refused1", "a2"] }, { session: "a", items: ["a3", "invalid1"] });
    at.start();
    await untilAllIsDone(at);
    assert.deepEqual([lost.struck, lostLetter.struck], [4, 1]);
    assert.ok((await acceptedEvents(at)).length > 3);
    assert.equal((await keptRecords(at)).length, 2);
  });

  it("waits for a permission that is missing, and keeps nothing as poison meanwhile", async () => {
    const at = await open({ without: "SendEvents" });
    await ledger.put({ session: "a", items: ["a1", "invalid1"] }, { session: "b", items: ["b1"] });
    at.start();
    await eventually(async () => assert.match(JSON.stringify(await at.lines()), /not authorized to perform personalize:PutEvents/));
    await ledger.checkNothingLost();
    assert.deepEqual([ledger.checkpoint(), await keptRecords(at)], [-1n, []]);
    await at.allow("SendEvents");
    await untilAllIsDone(at);
  });

  it("keeps whole, in the failure destination, what was refused until it is too old", async () => {
    const at = await open({ without: "SendEvents" });
    const numbers = await ledger.put({ session: "a", items: ["a1", "invalid1"] }, { session: "b", items: ["b1"] });
    at.start();
    await eventually(async () => assert.match(JSON.stringify(await at.lines()), /not authorized to perform personalize:PutEvents/));
    at.clock.jump(21 * HOUR);
    await at.untilDone();
    await ledger.checkNothingLost();
    assert.deepEqual((await keptRecords(at)).map(({ sequenceNumber }) => sequenceNumber).sort(), numbers);
  });

  it("goes on when reading the stream and keeping the log fail", async () => {
    const at = await open({ batchSize: 2 });
    const internal = new ServiceError("InternalFailure", "internal", 500);
    const reading = (["disconnect", "loseAnswer", internal] as const).map((kind, i) => at.failReading(kind, { from: i + 1, to: i + 1 }));
    const logging = at.running.faults.add({ service: "logs", operation: "PutLogEvents", kind: UNAVAILABLE });
    const items = Array.from({ length: 12 }, (_, i) => `i${i}`);
    await ledger.put(...items.map((item, i) => ({ session: `s${i % 3}`, items: [item] })));
    at.start();
    await untilAllIsDone(at);
    assert.deepEqual(
      reading.map(({ struck }) => struck),
      [1, 1, 1],
    );
    assert.ok(logging.struck > 0);
  });
});
