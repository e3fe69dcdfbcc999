import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { compareDelivered } from "../../../local/reconciliation/delivered";
import type { StoredObject } from "../../../local/reconciliation/storage";

const record = (session: string, ...items: string[]): Buffer => {
  const events = items.map((itemId, n) => ({ eventType: "watch", sentAt: 1000 + n, itemId }));
  return Buffer.from(JSON.stringify({ user_id: "u", session_id: session, event_list: events }));
};
const lines = (...records: Buffer[]): string => records.map((one) => `${one.toString("latin1")}\n`).join("");
async function* objects(...contents: string[]): AsyncGenerator<StoredObject> {
  for (const [n, text] of contents.entries()) {
    const content = Buffer.from(text, "latin1");
    yield { key: `latest/${n}`, size: content.length, content };
  }
}
const counts = async (produced: Buffer[], ...contents: string[]) => {
  const { delivered, problems } = await compareDelivered(produced, objects(...contents));
  const { missing, doubled, changed } = delivered;
  const found = Object.fromEntries(problems.map(({ check, actual }) => [check.split(".")[1], actual]));
  assert.deepEqual({ missing: 0, doubled: 0, changed: 0, ...found }, { missing, doubled, changed });
  return [missing, doubled, changed];
};

describe("what the lake received", () => {
  const [a, b, c] = [record("a", "1"), record("b", "1", "2"), record("c", "3")];

  it("is all right in any order and over several objects", async () => {
    const { delivered, problems } = await compareDelivered([a, b, c, a], objects(lines(c, a), lines(a, b)));
    const bytes = lines(a, a, b, c).length;
    assert.deepEqual(delivered, { objects: 2, records: 4, bytes, missing: 0, doubled: 0, changed: 0 });
    assert.deepEqual(problems, []);
  });

  it("is the same for bytes that are no text", async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x00]);
    assert.deepEqual(await counts([bytes], lines(bytes)), [0, 0, 0]);
    assert.deepEqual(await counts([bytes], `${bytes.toString()}\n`), [1, 0, 1]);
  });

  it("counts a record of several lines once, and tells each line that it lacks", async () => {
    const several = Buffer.concat([b, Buffer.from("\r\n"), c, Buffer.from("\n"), c]);
    const { delivered } = await compareDelivered([a, several], objects(lines(a, several)));
    assert.deepEqual(delivered, { objects: 1, records: 2, bytes: lines(a, several).length, missing: 0, doubled: 0, changed: 0 });
    assert.deepEqual(await counts([a, several], lines(a, c)), [2, 0, 0]);
    const { delivered: cut } = await compareDelivered([a, several], objects(lines(a, c)));
    assert.equal(cut.records, 2);
  });
  it("lacks a record", async () => assert.deepEqual(await counts([a, b, b], lines(a, b)), [1, 0, 0]));
  it("has a record twice", async () => assert.deepEqual(await counts([a, b], lines(a, b), lines(b)), [0, 1, 0]));
  it("has a record that nobody produced", async () => assert.deepEqual(await counts([a], lines(a, c)), [0, 0, 1]));
  it("has a record in other bytes: changed, not missing as well", async () => {
    const spaced = Buffer.from(JSON.stringify(JSON.parse(b.toString()), undefined, 1).replaceAll("\n", ""));
    assert.deepEqual(await counts([a, b], lines(a, spaced)), [0, 0, 1]);
  });
  it("has a record with other content: it is missing", async () => {
    assert.deepEqual(await counts([a, b], lines(a, record("b", "1", "9"))), [1, 0, 1]);
  });
  it("has no newline between two records", async () => {
    assert.deepEqual(await counts([a, b], lines(a).trimEnd() + lines(b)), [2, 0, 1]);
  });
  it("has no newline after the last record", async () => {
    assert.deepEqual(await counts([a, b], lines(a, b).trimEnd()), [0, 0, 1]);
  });

  it("names what is wrong, with where it is", async () => {
    const { problems } = await compareDelivered([a], objects(lines(a, a, c)));
    assert.deepEqual(problems, [
      { check: "delivered.doubled", expected: 0, actual: 1, examples: [a.toString()] },
      { check: "delivered.changed", expected: 0, actual: 1, examples: [`latest/0: ${c.toString()}`] },
    ]);
  });

  it("is counted exactly whatever is lost and doubled", async () => {
    const copies = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(copies, async (times) => {
        const produced = times.map((_, n) => record("s", String(n)));
        const text = lines(...times.flatMap((count, n) => Array.from({ length: count }, () => produced[n])));
        const lost = times.filter((count) => count === 0).length;
        const extra = times.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
        assert.deepEqual(await counts(produced, text), [lost, extra, 0]);
      }),
    );
  });
});
