import * as assert from "node:assert/strict";
import { deadLetterObject, shardResults } from "../../../functions/forwardEvents/deadLetters";
import type { BatchRecord, EventState, RecordLine } from "../../../functions/forwardEvents/plan";
import { ARRIVED } from "../../support/kinesisEvent";

const lines = (...each: RecordLine[]): Partial<BatchRecord> => ({ lines: each });
const record = (sequenceNumber: string, events: EventState[], more: Partial<BatchRecord> = {}): BatchRecord => ({
  sequenceNumber,
  shard: "shardId-000000000000",
  partitionKey: "p",
  arrivedSeconds: ARRIVED,
  data: "e30=",
  lines: [{ line: 0, events }],
  ...more,
});

const numbers = (records: BatchRecord[]) => records.map(({ sequenceNumber }) => sequenceNumber);

describe("shardResults", () => {
  it("orders sequence numbers as whole numbers of any size", () => {
    const low = "49590338271490256608559692538361571095921575989136588898";
    const high = `${low}0`;
    const [shard] = shardResults([record(high, ["pending"]), record(low, ["rejected"]), record("9", ["badSentAt"])]);
    assert.deepEqual(shard.failed, [high]);
    assert.deepEqual(numbers(shard.deadLetters), ["9", low]);
  });

  it("stores no bad record after the first failed one: it is delivered again", () => {
    const [shard] = shardResults([
      record("1", ["rejected"]),
      record("2", ["pending", "badItemId"]),
      record("3", [], lines({ line: 0, reason: "badJson", events: [] })),
    ]);
    assert.deepEqual(shard.failed, ["2"]);
    assert.deepEqual(numbers(shard.deadLetters), ["1"]);
  });

  it("lists a failed record once, whatever number of its events is pending", () => {
    const [shard] = shardResults([record("1", ["accepted", "pending", "pending"])]);
    assert.deepEqual(shard, { shard: "shardId-000000000000", failed: ["1"], deadLetters: [] });
  });

  it("handles each shard on its own", () => {
    const other = { shard: "shardId-000000000001" };
    const results = shardResults([record("1", ["pending"]), record("2", ["rejected"], other), record("3", ["rejected"])]);
    assert.deepEqual(
      results.map(({ failed, deadLetters }) => [failed, numbers(deadLetters)]),
      [
        [["1"], []],
        [[], ["2"]],
      ],
    );
  });
});

describe("deadLetterObject", () => {
  it("is named by day of arrival, shard and first sequence number, with one line per record", () => {
    const arrivedSeconds = Date.UTC(2026, 11, 31, 23, 59, 59, 999) / 1000;
    const { key, body } = deadLetterObject("dev/crm/dead_letter/", [
      record("7", ["accepted", "badItemId", "rejected"], { arrivedSeconds }),
      record("8", [], { ...lines({ line: 0, reason: "badUtf8", events: [] }), data: "/w==" }),
      record("9", ["rejected"]),
      record(
        "10",
        [],
        lines(
          { line: 0, events: ["accepted"] },
          { line: 1, events: ["badSentAt", "accepted", "rejected"] },
          { line: 3, reason: "badJson", events: [] },
          { line: 4, events: ["rejected"] },
        ),
      ),
    ]);
    assert.equal(key, "dev/crm/dead_letter/2026/12/31/shardId-000000000000-7.ndjson");
    const common = { shard: "shardId-000000000000", partitionKey: "p" };
    assert.deepEqual(
      body
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
      [
        { reason: "badItemId", sequenceNumber: "7", ...common, arrived: "2026-12-31T23:59:59.999Z", events: [1, 2], data: "e30=" },
        { reason: "badUtf8", sequenceNumber: "8", ...common, arrived: "2026-11-20T12:00:00.000Z", data: "/w==" },
        { reason: "rejected", sequenceNumber: "9", ...common, arrived: "2026-11-20T12:00:00.000Z", data: "e30=" },
        {
          ...{ reason: "badSentAt", sequenceNumber: "10", ...common, arrived: "2026-11-20T12:00:00.000Z" },
          lines: [
            { line: 1, reason: "badSentAt", events: [0, 2] },
            { line: 3, reason: "badJson" },
            { line: 4, reason: "rejected" },
          ],
          data: "e30=",
        },
      ],
    );
    assert.ok(body.endsWith("\n"));
  });
});
