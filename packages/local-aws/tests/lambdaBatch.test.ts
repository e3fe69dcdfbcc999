import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import type { StreamRecord } from "../src/kinesis/shardReader";
import { type BatchPorts, type Discard, readResponse, runBatch } from "../src/lambda/batch";
import type { Outcome } from "../src/lambda/environment";
import { ServiceError } from "../src/service";
import { record, records } from "../testing/streamRecords";

const answer = (payload: unknown): Outcome => ({ ok: true, payload: JSON.stringify(payload) });
const failing = (...numbers: unknown[]): Outcome => answer({ batchItemFailures: numbers.map((itemIdentifier) => ({ itemIdentifier })) });
const thrown: Outcome = { ok: false, error: { errorType: "Error", errorMessage: "no" } };
const ALWAYS = { bisect: false, reportsItemFailures: true, maximumRetryAttempts: -1, maximumRecordAgeSeconds: -1 };

describe("readResponse", () => {
  for (const [name, outcome, done] of [
    ["null", answer(null), 3],
    ["an empty object", answer({}), 3],
    ["a null list", answer({ batchItemFailures: null }), 3],
    ["an empty list", failing(), 3],
    ["the lowest number", failing("2", "1"), 1],
    ["an unknown number", failing("2", "7"), 0],
    ["an empty number", failing(""), 0],
    ["a null number", failing(null), 0],
    ["another key", answer({ batchItemFailures: [{ id: "1" }] }), 0],
    ["no list", answer({ batchItemFailures: "1" }), 0],
    ["a text", answer("fine"), 0],
    ["an error", thrown, 0],
  ] as const) {
    it(`takes ${name} as ${done} of 3 done`, () => assert.equal(readResponse(outcome, records(3), true).done, done));
  }

  it("does not look at the answer unless the mapping says so", () => assert.equal(readResponse(failing("0"), records(3), false).done, 3));
});

/** Runs a batch against scripted outcomes; `steps` is what happened, in order. */
async function run(
  batch: StreamRecord[],
  settings: Partial<typeof ALWAYS>,
  invoke: (batch: readonly StreamRecord[]) => Outcome | ServiceError,
) {
  const steps: string[] = [];
  const finished: string[] = [];
  const discards: Discard[] = [];
  const numbers = (list: readonly StreamRecord[]): string => list.map(({ sequenceNumber }) => sequenceNumber).join("");
  const ports: BatchPorts = {
    invoke: async (list) => {
      steps.push(`invoke ${numbers(list)}`);
      const outcome = invoke(list);
      if (outcome instanceof ServiceError) throw outcome;
      return outcome;
    },
    discard: async (list, discard) => {
      discards.push(discard);
      steps.push(`discard ${numbers(list)} ${discard.condition} ${discard.invocations}`);
    },
    finish: (list) => void finished.push(...list.map(({ sequenceNumber }) => sequenceNumber)),
    now: () => 100_000,
    pause: async (failures) => void steps.push(`pause ${failures}`),
  };
  await runBatch(batch, { ...ALWAYS, ...settings }, ports);
  return { steps, finished, discards };
}

describe("runBatch", () => {
  it("retries with a growing count of failures until it succeeds", async () => {
    let left = 2;
    const { steps, finished } = await run(records(2), {}, () => (left-- > 0 ? thrown : answer(null)));
    assert.deepEqual(steps, ["invoke 01", "pause 1", "invoke 01", "pause 2", "invoke 01"]);
    assert.deepEqual(finished, ["0", "1"]);
  });

  it("invokes once more for each retry, then discards what is left", async () => {
    const { steps, finished } = await run(records(2), { maximumRetryAttempts: 1 }, () => failing("1"));
    assert.deepEqual(steps, ["invoke 01", "pause 1", "invoke 1", "pause 2", "invoke 1", "discard 1 RetryAttemptsExhausted 3"]);
    assert.deepEqual(finished, ["0", "1"]);
  });

  it("halves on a thrown error without using up retries", async () => {
    const { steps } = await run(records(3), { bisect: true, maximumRetryAttempts: 0 }, (list) =>
      list.some(({ sequenceNumber }) => sequenceNumber === "2") ? thrown : answer(null),
    );
    assert.deepEqual(steps, ["invoke 012", "pause 1", "invoke 01", "invoke 2", "discard 2 RetryAttemptsExhausted 2"]);
  });

  it("splits at a named failure instead of halving", async () => {
    let calls = 0;
    const { steps } = await run(records(4), { bisect: true }, () => ((calls += 1) === 1 ? failing("3") : answer(null)));
    assert.deepEqual(steps, ["invoke 0123", "pause 1", "invoke 3"]);
  });

  it("does not count an invocation that was refused for concurrency", async () => {
    let calls = 0;
    const busy = new ServiceError("TooManyRequestsException", "busy", 429);
    const { steps } = await run(records(1), { maximumRetryAttempts: 0 }, () => ((calls += 1) < 3 ? busy : thrown));
    assert.deepEqual(steps, ["invoke 0", "pause 1", "invoke 0", "pause 2", "invoke 0", "discard 0 RetryAttemptsExhausted 1"]);
  });

  it("discards the records that are too old and invokes with the others", async () => {
    const batch = [record(0, 39_999), record(1, 40_000)];
    const { steps, discards } = await run(batch, { maximumRecordAgeSeconds: 60 }, () => answer(null));
    assert.deepEqual([steps, discards[0].last], [["discard 0 RecordAgeExceeded 0", "invoke 1"], undefined]);
  });

  it("finishes every record once and in order, whatever the function answers", async () => {
    const choice = fc.record({ kind: fc.constantFrom("ok", "throw", "named", "busy"), at: fc.nat(20) });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 2 }),
        fc.array(choice, { maxLength: 30 }),
        async (count, bisect, maximumRetryAttempts, script) => {
          const { finished } = await run(records(count), { bisect, maximumRetryAttempts }, (list) => {
            const { kind, at } = script.shift() ?? { kind: "ok", at: 0 };
            if (kind === "busy") return new ServiceError("TooManyRequestsException", "busy", 429);
            if (kind === "throw") return thrown;
            return kind === "ok" ? answer(null) : failing(list[at % list.length].sequenceNumber);
          });
          assert.deepEqual(
            finished,
            records(count).map(({ sequenceNumber }) => sequenceNumber),
          );
        },
      ),
    );
  });
});
