import * as assert from "node:assert/strict";
import { lettersOf, run, world } from "../../support/forwardWorld";
import { ARRIVED, kinesisBatch } from "../../support/kinesisEvent";

describe("a wholly rejected invocation", () => {
  it("calls it misconfiguration when every event of 20 calls is rejected, and poison when it is fewer", async () => {
    const poison = (calls: number) =>
      kinesisBatch(
        Array.from({ length: calls }, (_, i) => ({
          session_id: `s${i}`,
          event_list: [{ eventType: "view", itemId: "poison", sentAt: ARRIVED }],
        })),
      );
    const large = world({});
    assert.deepEqual((await run(poison(20), large.ports)).error, "Misconfiguration");
    assert.equal(large.stored.size, 0);
    const small = world({});
    assert.deepEqual(await run(poison(19), small.ports), { failed: [] });
    assert.equal(lettersOf(small.stored).length, 19);
  });

  it("keeps the suspicion while the batch is halved, until an event is accepted", async () => {
    const of = (items: string[]) =>
      kinesisBatch(items.map((itemId, i) => ({ session_id: `s${i}`, event_list: [{ eventType: "view", itemId, sentAt: ARRIVED }] })));
    const at = world({});
    for (const count of [40, 20, 10, 1]) {
      assert.deepEqual((await run(of(Array<string>(count).fill("poison")), at.ports)).error, "Misconfiguration", String(count));
    }
    assert.equal(at.stored.size, 0);
    assert.deepEqual(await run(of(["poison", "good"]), at.ports), { failed: [] });
    assert.deepEqual(await run(of(["poison"]), at.ports), { failed: [] });
    assert.equal(at.stored.size, 1);
  });

  it("does not suspect the settings while calls only wait to be sent again", async () => {
    const at = world({ verdict: () => "transient" });
    const events = Array.from({ length: 50 }, (_, i) => ({
      session_id: `s${i}`,
      event_list: [{ eventType: "view", itemId: i < 25 ? "poison" : "good", sentAt: ARRIVED }],
    }));
    const { error, failed } = await run(kinesisBatch(events), at.ports);
    assert.deepEqual([error, failed.length], [undefined, 25]);
  });
});
