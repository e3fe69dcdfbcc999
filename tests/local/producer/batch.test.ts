import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { ProducedRecord } from "../../../local/interactions/records";
import { takeBatch } from "../../../local/producer/batch";
import { Pacer } from "../../../local/producer/pacer";

const MIB = 1024 * 1024;
const record = (partitionKey: string, size = 10): ProducedRecord => ({ partitionKey, data: Buffer.alloc(size), events: 1 });

describe("the requests of the dashboards", () => {
  it("hold each record once, and each session's records in order, whatever is refused", () => {
    const keys = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 40 });
    fc.assert(
      fc.property(keys, fc.infiniteStream(fc.boolean()), (sequence, refusals) => {
        const records = sequence.map((key) => record(key));
        const taken: ProducedRecord[] = [];
        let waiting = records;
        for (let request = 0; waiting.length > 0 && request < 1000; request += 1) {
          const { batch, rest } = takeBatch(waiting);
          assert.equal(new Set(batch.map(({ partitionKey }) => partitionKey)).size, batch.length);
          const again = batch.filter(() => refusals.next().value === true);
          taken.push(...batch.filter((one) => !again.includes(one)));
          waiting = [...again, ...rest];
        }
        for (const key of "abcd") {
          const of = (all: ProducedRecord[]): ProducedRecord[] => all.filter(({ partitionKey }) => partitionKey === key);
          assert.deepEqual(of(taken), of(records));
        }
      }),
    );
  });

  it("hold at most 500 records", () => {
    const { batch, rest } = takeBatch(Array.from({ length: 700 }, (_, n) => record(`k${n}`)));
    assert.deepEqual([batch.length, rest.length], [500, 200]);
  });

  it("hold at most 5 MiB, and no later record of a session whose record did not fit", () => {
    const waiting = [record("a", 3 * MIB), record("b", 3 * MIB), record("b", 1), record("c", 1)];
    const { batch, rest } = takeBatch(waiting);
    assert.deepEqual(
      [batch, rest],
      [
        [waiting[0], waiting[3]],
        [waiting[1], waiting[2]],
      ],
    );
  });
});

describe("the pace of the dashboards", () => {
  it("waits for what was sent before, by records or by bytes, and makes up for no idle time", () => {
    const pacer = new Pacer(1000, MIB);
    assert.equal(pacer.delay(500, 1000, 0), 0);
    assert.equal(pacer.delay(100, MIB, 200), 300);
    assert.equal(pacer.delay(100, 0, 600), 900);
    assert.equal(pacer.delay(100, 0, 5000), 0);
    assert.equal(pacer.delay(100, 0, 5000), 100);
  });
});
