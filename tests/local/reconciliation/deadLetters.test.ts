import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { ProducedRecord } from "../../../local/interactions/records";
import { compareDeadLetters } from "../../../local/reconciliation/deadLetters";
import type { StoredObject } from "../../../local/reconciliation/storage";

const SHARD = "shardId-000000000000";
const bad = (poison: string, text: string, reason = poison, events?: number[]): ProducedRecord => ({
  ...{ partitionKey: "k", data: Buffer.from(text), events: 0, poison },
  deadLetter: events === undefined ? { reason } : { reason, events },
});
const letter = (sequenceNumber: string, text: string, reason: string, events?: number[]) => ({
  ...{ reason, sequenceNumber, shard: SHARD, events },
  data: Buffer.from(text).toString("base64"),
});
async function* stored(...lines: string[][]): AsyncGenerator<StoredObject> {
  for (const [n, each] of lines.entries()) {
    const content = Buffer.from(each.map((line) => `${line}\n`).join(""));
    yield { key: `dead/${n}.ndjson`, size: content.length, content };
  }
}
const objects = (...letters: object[][]) => stored(...letters.map((each) => each.map((one) => JSON.stringify(one))));

const RECORDS: ProducedRecord[] = [
  { partitionKey: "g", data: Buffer.from("good"), events: 1 },
  bad("badJson", "{1"),
  bad("empty", "", "badJson"),
  bad("empty", "", "badJson"),
  { partitionKey: "t", data: Buffer.from("[]"), events: 11, poison: "tooMany" },
  bad("mixed", "{}", "badEventType", [1]),
];
const LETTERS = [
  letter("1", "{1", "badJson"),
  letter("2", "", "badJson"),
  letter("3", "", "badJson"),
  letter("4", "{}", "badEventType", [1]),
];
const problems = async (...letters: object[]) => (await compareDeadLetters(RECORDS, objects(letters))).problems;

describe("the dead letters", () => {
  it("are the records that belong there, by their bytes, each counted once", async () => {
    const [one, two, three, four] = LETTERS;
    const found = await compareDeadLetters(RECORDS, objects([four, one], [one, three, two]));
    assert.deepEqual(found, { deadLetters: { objects: 2, records: 4, byReason: { badEventType: 1, badJson: 3 } }, problems: [] });
    assert.deepEqual(Object.keys(found.deadLetters.byReason), ["badEventType", "badJson"]);
  });

  it("contradict each other when copies of a record differ", async () => {
    const other = { ...LETTERS[0], reason: "rejected" };
    const examples = [`dead/0.ndjson: ${JSON.stringify(other)}`];
    const found = await problems(...LETTERS, other, LETTERS[0]);
    assert.deepEqual(found, [{ check: "deadLetters.contradicting", expected: 0, actual: 1, examples }]);
  });

  it("lack a record, also one of two equal ones", async () => {
    const [one, two, , four] = LETTERS;
    assert.deepEqual(await problems(one, two, four), [{ check: "deadLetters.missing", expected: 0, actual: 1, examples: ['empty: ""'] }]);
    assert.deepEqual(await problems(), [
      { check: "deadLetters.missing", expected: 0, actual: 4, examples: ['badJson: "{1"', 'empty: ""', 'empty: ""', 'mixed: "{}"'] },
    ]);
  });

  it("hold a record that does not belong there, or one too often", async () => {
    const extra = [letter("5", "good", "rejected"), letter("6", "", "badJson"), letter("7", "[]", "rejected")];
    const examples = [`${SHARD} 5: rejected: "good"`, `${SHARD} 6: badJson: ""`, `${SHARD} 7: rejected: "[]"`];
    assert.deepEqual(await problems(...LETTERS, ...extra), [{ check: "deadLetters.unexpected", expected: 0, actual: 3, examples }]);
    const elsewhere = { ...LETTERS[0], shard: "shardId-000000000001" };
    assert.deepEqual(
      (await problems(...LETTERS, elsewhere)).map(({ check, actual }) => [check, actual]),
      [["deadLetters.unexpected", 1]],
    );
  });

  it("give a wrong reason", async () => {
    const [, ...others] = LETTERS;
    assert.deepEqual(await problems(letter("1", "{1", "badUtf8"), ...others), [
      { check: "deadLetters.reason", expected: 0, actual: 1, examples: [`${SHARD} 1: badJson must have badJson, got badUtf8`] },
    ]);
  });

  it("name wrong events, or some where all is bad, or none", async () => {
    const [one, two, three, four] = LETTERS;
    const check = async (wrong: object[], example: string) =>
      assert.deepEqual(await problems(...wrong), [
        { check: "deadLetters.events", expected: 0, actual: 1, examples: [`${SHARD} ${example}`] },
      ]);
    await check([one, two, three, { ...four, events: [0] }], "4: mixed must have [1], got [0]");
    await check([one, two, three, { ...four, events: undefined }], "4: mixed must have [1], got null");
    await check([{ ...one, events: [0] }, two, three, four], "1: badJson must have null, got [0]");
  });

  it("name wrong lines, or none", async () => {
    const lines = [{ userRecord: 1, line: 0, reason: "badSentAt", events: [0, 2] }];
    const record: ProducedRecord = { ...RECORDS[0], poison: "badLine", deadLetter: { reason: "badSentAt", lines } };
    const check = async (got: object | undefined) =>
      (await compareDeadLetters([record], objects([{ ...letter("1", "good", "badSentAt"), lines: got }]))).problems;
    assert.deepEqual(await check(lines), []);
    const must = JSON.stringify(lines);
    for (const got of [undefined, [{ ...lines[0], userRecord: 0 }], [{ ...lines[0], events: [0] }], [...lines, ...lines]]) {
      const examples = [`${SHARD} 1: badLine must have ${must}, got ${JSON.stringify(got ?? null)}`];
      assert.deepEqual(await check(got), [{ check: "deadLetters.lines", expected: 0, actual: 1, examples }]);
    }
  });

  it("have a line that is none", async () => {
    const lines = [...LETTERS.map((one) => JSON.stringify(one)), "{x", "{}", "null"];
    assert.deepEqual(await compareDeadLetters(RECORDS, stored(lines)), {
      deadLetters: { objects: 1, records: 4, byReason: { badEventType: 1, badJson: 3 } },
      problems: [
        {
          ...{ check: "deadLetters.malformed", expected: 0, actual: 3 },
          examples: ["dead/0.ndjson: {x", "dead/0.ndjson: {}", "dead/0.ndjson: null"],
        },
      ],
    });
  });

  it("are counted exactly, whatever is lost, added and written again", async () => {
    const counts = fc.array(fc.record({ sent: fc.nat(3), kept: fc.nat(3), again: fc.boolean() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(counts, async (each) => {
        const records = each.flatMap(({ sent }, n) => Array.from({ length: sent }, () => bad("badJson", `{${n}`)));
        const letters = each.flatMap(({ kept, again }, n) =>
          Array.from({ length: kept }, (_, copy) => letter(`${n}-${copy}`, `{${n}`, "badJson")).flatMap((one) =>
            again ? [one, one] : [one],
          ),
        );
        const { deadLetters, problems } = await compareDeadLetters(records, objects(letters));
        const sum = (of: (one: (typeof each)[number]) => number): number => each.reduce((total, one) => total + of(one), 0);
        assert.equal(
          deadLetters.records,
          sum(({ kept }) => kept),
        );
        const found = Object.fromEntries(problems.map(({ check, actual }) => [check, actual]));
        const none = { "deadLetters.missing": 0, "deadLetters.unexpected": 0 };
        assert.deepEqual(
          { ...none, ...found },
          {
            "deadLetters.missing": sum(({ sent, kept }) => Math.max(0, sent - kept)),
            "deadLetters.unexpected": sum(({ sent, kept }) => Math.max(0, kept - sent)),
          },
        );
      }),
    );
  });
});
