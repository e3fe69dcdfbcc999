import * as assert from "node:assert/strict";
import type { ProducedRecord } from "../../../local/interactions/records";
import { compareDeadLetters } from "../../../local/reconcile/deadLetters";
import type { StoredObject } from "../../../local/upstream";

const odd = (poison: string, text: string, events = 0): ProducedRecord => ({ partitionKey: "k", data: Buffer.from(text), events, poison });
const letter = (sequenceNumber: string, text: string, reason = "badJson") => ({
  reason,
  sequenceNumber,
  shard: "shardId-000000000000",
  data: Buffer.from(text).toString("base64"),
});
async function* objects(...contents: object[][]): AsyncGenerator<StoredObject> {
  for (const [n, letters] of contents.entries()) {
    const content = Buffer.from(letters.map((one) => `${JSON.stringify(one)}\n`).join(""));
    yield { key: `dead/${n}.ndjson`, size: content.length, content };
  }
}
const RECORDS = [
  { partitionKey: "g", data: Buffer.from("good"), events: 1 },
  odd("badJson", "{1"),
  odd("badJson", "{2"),
  odd("eleven", "[]", 11),
  odd("noList", "{}"),
];

describe("the dead letters", () => {
  it("are the odd records by their bytes, each counted once", async () => {
    const found = await compareDeadLetters(
      RECORDS,
      objects([letter("1", "{1"), letter("2", "{2")], [letter("2", "{2"), letter("3", "{}", "badEventList")]),
    );
    assert.deepEqual(found, { deadLetters: { objects: 2, records: 3, byReason: { badJson: 2, badEventList: 1 } }, problems: [] });
  });

  it("lack a kind, or hold a record that does not belong there", async () => {
    const { problems } = await compareDeadLetters(RECORDS, objects([letter("1", "{1"), letter("3", "{}"), letter("4", "good")]));
    assert.deepEqual(problems, [
      { check: "deadLetters.badJson", expected: 2, actual: 1, examples: [] },
      { check: "deadLetters.unexpected", expected: 0, actual: 1, examples: ["badJson shardId-000000000000 4"] },
    ]);
  });

  it("are refused when a line is no JSON", async () => {
    const broken: StoredObject = { key: "dead/x.ndjson", size: 3, content: Buffer.from("{x\n") };
    const one = async function* () {
      yield broken;
    };
    await assert.rejects(compareDeadLetters([], one()), /^Error: dead\/x\.ndjson must be one JSON object a line, got "\{x"$/);
  });
});
