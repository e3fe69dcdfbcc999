import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { plan } from "../../../functions/forwardEvents/plan";
import { badEvents, reasonOf } from "../../../functions/forwardEvents/settle";
import { kinesisRecord } from "../../support/kinesisEvent";

interface ContractLine {
  name: string;
  arrived: number;
  text?: string;
  base64?: string;
  forwarded: { index: number; userId?: string; sessionId: string; event: object }[];
  reason?: string;
  events?: number[];
}

const lines = readFileSync(join(__dirname, "../../contracts/events.ndjson"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as ContractLine);

describe("forwardEvents over the contract's events", () => {
  for (const { name, arrived, text, base64, forwarded, reason, events } of lines) {
    it(name, () => {
      const payload = base64 === undefined ? (text ?? "") : Buffer.from(base64, "base64");
      const { records, groups } = plan([kinesisRecord(payload, { arrivedSeconds: arrived })]);
      const sent = groups.flatMap(({ userId, sessionId, calls }) =>
        calls.flat().map(({ index, event }) => ({ index, ...(userId === undefined ? {} : { userId }), sessionId, event })),
      );
      assert.deepEqual(JSON.parse(JSON.stringify(sent)), forwarded);
      assert.equal(reasonOf(records[0]), reason);
      assert.deepEqual(reason === undefined ? undefined : badEvents(withAccepted(records[0])), events);
    });
  }

  it("names every line differently and covers every reason", () => {
    assert.equal(new Set(lines.map(({ name }) => name)).size, lines.length);
    assert.deepEqual([...new Set(lines.flatMap(({ reason }) => reason ?? []))].sort(), [
      "badEvent",
      "badEventId",
      "badEventList",
      "badEventType",
      "badEventValue",
      "badImpression",
      "badItemId",
      "badJson",
      "badMetricAttribution",
      "badProperties",
      "badRecommendationId",
      "badSentAt",
      "badSessionId",
      "badUserId",
      "badUtf8",
      "eventTooLarge",
      "notAnObject",
    ]);
  });
});

function withAccepted<R extends { outcomes: string[] }>(record: R): R {
  return { ...record, outcomes: record.outcomes.map((outcome) => (outcome === "pending" ? "accepted" : outcome)) };
}
