import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SqlWorld } from "../support/sqlWorld";

interface ContractLine {
  name: string;
  arrived: number;
  text?: string;
  base64?: string;
  forwarded: { userId?: string; event: { itemId?: string; sentAt: number; eventType: string } }[];
  reason?: string;
}

const LINE_REASONS = ["badUtf8", "badJson", "notAnObject", "badUserId", "badSessionId", "badEventList"];

const lines = readFileSync(join(__dirname, "../contracts/events.ndjson"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as ContractLine);

describe("sql over the contract's events", () => {
  let world: SqlWorld;
  before(async () => {
    world = await SqlWorld.open();
  });
  after(() => world.close());

  for (const { name, arrived, text, base64, forwarded, reason } of lines) {
    it(name, async () => {
      const payload = base64 === undefined ? Buffer.from(text ?? "") : Buffer.from(base64, "base64");
      const hour = new Date(arrived * 1000).toISOString().slice(0, 13).replaceAll("-", "/").replace("T", "/");
      await world.load({ events: { [hour]: Buffer.concat([payload, Buffer.from("\n")]) } });
      const known = forwarded.flatMap(({ userId, event: { itemId, sentAt, eventType } }) =>
        userId === undefined || itemId === undefined ? [] : [JSON.stringify([userId, itemId, sentAt, eventType, "streamed"])],
      );
      const distinct = [...new Set(known)].sort();
      assert.deepEqual(
        (await world.build()).map((row) => JSON.stringify(row)),
        distinct,
      );

      const figures = await world.count();
      const leftOut = Object.entries(figures).flatMap(([figure, value]) =>
        figure.startsWith("leftOut.") ? [[figure.slice(8), value] as const] : [],
      );
      const byReason = Object.fromEntries(leftOut);
      assert.equal(figures.rowsIn, figures["table.rows"] + leftOut.reduce((sum, [, value]) => sum + value, 0));
      assert.equal(byReason.duplicate ?? 0, known.length - distinct.length);
      if (payload.length === 0) assert.deepEqual(byReason, {});
      else if (reason === undefined) assert.equal(figures.rowsIn, forwarded.length);
      else assert.ok(byReason[reason] >= 1, `${reason} is among ${JSON.stringify(byReason)}`);
      if (reason !== undefined && LINE_REASONS.includes(reason) && payload.length > 0) assert.deepEqual(byReason, { [reason]: 1 });
    });
  }
});
