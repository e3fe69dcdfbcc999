import * as assert from "node:assert/strict";
import { type ContractLine, CONTRACT } from "../support/eventContract";
import { SqlFixture, type TableRow, type Upstream } from "../support/sqlFixture";

const LINE_REASONS = ["badUtf8", "badJson", "notAnObject", "badUserId", "badSessionId", "badEventList"];
/** Reasons of events that the forwarder sends, but that are not interactions. */
const NO_INTERACTION = ["anonymous", "noItem"];

/** Key of the object that holds a line. */
const keyOf = ({ arrived }: ContractLine, i: number): string =>
  `${new Date(arrived * 1000).toISOString().slice(0, 13).replaceAll("-", "/").replace("T", "/")}/${i}`;

/** The interactions among the events that a line forwards. */
const interactionsOf = ({ forwarded }: ContractLine) =>
  forwarded.flatMap(({ userId, event: { itemId, sentAt, eventType } }) =>
    userId === undefined || itemId === undefined ? [] : [[userId, itemId, sentAt, eventType]],
  );

describe("the contract for events, as the SQL classifies it", () => {
  let fixture: SqlFixture;
  let events: Awaited<ReturnType<SqlFixture["events"]>>;
  let built: Awaited<ReturnType<SqlFixture["loadAndBuild"]>>;
  before(async () => {
    fixture = await SqlFixture.open();
    const upstream: Upstream = {
      events: Object.fromEntries(
        CONTRACT.map((line, i) => [keyOf(line, i), Buffer.concat(line.delivered.flatMap((written) => [written, Buffer.from("\n")]))]),
      ),
    };
    built = await fixture.loadAndBuild(upstream);
    events = await fixture.events();
  });
  after(() => fixture.close());

  for (const [i, line] of CONTRACT.entries()) {
    const { name, payload, forwarded, reason, leftOut } = line;
    it(name, () => {
      const found = events.get(keyOf(line, i)) ?? [];
      const interactions = found.flatMap((event) => (event.reason === null ? [JSON.stringify(event.interaction)] : []));
      const expected = interactionsOf(line).map((interaction) => JSON.stringify(interaction));
      assert.deepEqual(interactions.sort(), expected.sort());

      const bad = found.flatMap((event) => (event.reason === null || NO_INTERACTION.includes(event.reason) ? [] : [event.reason]));
      if (leftOut !== undefined) assert.deepEqual(bad.sort(), leftOut);
      else if (payload.length === 0) assert.deepEqual(found, []);
      else if (reason === undefined) assert.deepEqual([bad, found.length], [[], forwarded.length]);
      else if (LINE_REASONS.includes(reason)) assert.deepEqual(bad, [reason]);
      else assert.deepEqual([bad.includes(reason), bad.length], [true, line.events?.length ?? found.length], bad.join());
    });
  }

  it("becomes a table of each interaction once, with a count of everything that is left out", () => {
    const [rows, leftOut] = built;
    const expected = new Set(CONTRACT.flatMap(interactionsOf).map((interaction) => JSON.stringify([...interaction, "streamed"])));
    assert.deepEqual(
      rows.map((row: TableRow) => JSON.stringify(row)),
      [...expected].sort(),
    );
    const reasons = [...events.values()].flat().flatMap((event) => event.reason ?? []);
    const counts = Object.fromEntries([...new Set(reasons)].map((reason) => [reason, reasons.filter((one) => one === reason).length]));
    const duplicate = CONTRACT.flatMap(interactionsOf).length - expected.size;
    assert.deepEqual(leftOut, { ...counts, duplicate });
    const inLake = CONTRACT.flatMap(({ reason, leftOut: reasons }) => reasons ?? reason ?? []);
    for (const reason of new Set(inLake)) assert.ok(reason in leftOut, reason);
  });
});
