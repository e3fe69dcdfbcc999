import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { type FaultKind, ServiceError } from "@c360/local-aws";
import { DeployedForwarder } from "../../support/deployedForwarder";
import { eventually } from "@c360/local-aws/testing";
import { Ledger } from "../../support/forwarderLedger";

const item = fc.constantFrom("good", "good", "good", "good", "invalid", "refused");
const records = fc.array(fc.record({ session: fc.nat(4), items: fc.array(item, { minLength: 1, maxLength: 12 }) }), {
  minLength: 1,
  maxLength: 8,
});
const calls = { from: fc.integer({ min: 1, max: 6 }), count: fc.integer({ min: 1, max: 3 }) };
const kinds = (...some: FaultKind[]): fc.Arbitrary<FaultKind> =>
  fc.constantFrom(...some, "disconnect" as const, "loseAnswer" as const, new ServiceError("ServiceUnavailable", "Please try again", 503));
const DENIED = new ServiceError("AccessDeniedException", "not now", 403);
/** Silence is for calls of the function: it is killed then. */
const script = fc.array(
  fc.oneof(
    fc.record({
      on: fc.constant("failPutEvents" as const),
      kind: kinds("silence", DENIED, new ServiceError("ThrottlingException", "slow")),
      ...calls,
    }),
    fc.record({ on: fc.constant("failDeadLetters" as const), kind: kinds("silence", DENIED), ...calls }),
    fc.record({ on: fc.constant("failReading" as const), kind: kinds(DENIED), ...calls }),
  ),
  { minLength: 2, maxLength: 4 },
);

describe("stream, mapping and forwarder together, under random failures", () => {
  let at: DeployedForwarder;
  before(async () => {
    at = await DeployedForwarder.open({ batchSize: 5 });
    at.start();
  });
  after(() => at.close());

  it("have every record accepted, kept or not checkpointed at any time, and all done in the end", async () => {
    const ledger = new Ledger(at);
    let run = 0;
    let struck = 0;
    await fc.assert(
      fc.asyncProperty(records, script, async (batch, faults) => {
        run += 1;
        const active = faults.map(({ on, kind, from, count }) => ({ kind, fault: at[on](kind, { from, to: from + count - 1 }) }));
        const silent = (): number => active.filter(({ kind }) => kind === "silence").reduce((sum, { fault }) => sum + fault.struck, 0);
        await ledger.put(
          ...batch.map(({ session, items }, r) => ({
            session: `${run}-${session}`,
            items: items.map((kind, i) => `${kind}-${run}-${r}-${i}`),
          })),
        );
        const since = performance.now();
        let killed = 0;
        await eventually(
          async () => {
            await ledger.checkNothingLost();
            if (silent() > killed) {
              killed = silent();
              assert.ok(at.kill() > 0);
            }
            assert.equal(at.running.pending(since), 0);
          },
          { timeoutMs: 30_000 },
        );
        at.running.faults.clear();
        await ledger.checkComplete();
        struck += active.reduce((sum, { fault }) => sum + fault.struck, 0);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    assert.ok(struck > 0);
  });
});
