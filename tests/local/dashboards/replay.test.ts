import * as assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import * as fc from "fast-check";
import type { Turn } from "../../../local/interactions/production";
import type { ProducedRecord, Recommendation, Session } from "../../../local/interactions/records";
import { requestAhead } from "../../../local/dashboards/replay";

/** Turns whose one record tells the session and what it was shown. */
function turnsOf(sessions: readonly Session[], order: readonly number[]): Turn[] {
  const begun = new Set<number>();
  return order.map((index) => {
    const session = sessions[index];
    const opens = !begun.has(index);
    begun.add(index);
    const records: Turn["records"] = (shown) => [
      { partitionKey: session.id, data: Buffer.from(`${session.id} ${shown?.recommendationId ?? "nothing"}`), events: 1 },
    ];
    return { session, opens, records };
  });
}
const textOf = ({ value }: IteratorResult<ProducedRecord, undefined>): string | undefined => value?.data.toString();
const sessionOf = (id: string, userId = `of ${id}`): Session => ({ id, userId, start: 1 });
const shownTo = ({ id }: Session): Recommendation => ({ items: ["i"], recommendationId: `for ${id}` });

describe("dashboards that ask first", () => {
  it("play every turn in order with its session's answer, however late that comes", async () => {
    const order = fc.array(fc.nat({ max: 60 }), { maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(order, fc.scheduler(), async (indexes, scheduler) => {
        const sessions = Array.from({ length: 61 }, (_, n) => sessionOf(`s${n}`, `u${n % 7}`));
        const ask = scheduler.scheduleFunction((session: Session) => Promise.resolve(shownTo(session)));
        const played: string[] = [];
        const playing = (async () => {
          for await (const { data } of requestAhead(turnsOf(sessions, indexes), ask)) played.push(data.toString());
        })();
        await scheduler.waitFor(playing);
        assert.deepEqual(
          played,
          indexes.map((index) => `s${index} for s${index}`),
        );
      }),
      { numRuns: 30 },
    );
  });

  it("ask at most 16 at a time, and once a session, but one user's sessions one after the other", async () => {
    const sessions = Array.from({ length: 40 }, (_, n) => sessionOf(`s${n}`, n < 3 ? "one" : `u${n}`));
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    const ask = async (session: Session): Promise<Recommendation> => {
      asked.push(session.id);
      await new Promise<void>((resolve) => answers.push(resolve));
      return shownTo(session);
    };
    const playing = requestAhead(turnsOf(sessions, [...sessions.keys()]), ask);
    const first = playing.next();
    await setImmediate();
    const others = Array.from({ length: 13 }, (_, n) => `s${n + 3}`);
    assert.deepEqual(asked, ["s0", ...others]);
    answers[0]();
    assert.equal(textOf(await first), "s0 for s0");
    await setImmediate();
    assert.deepEqual(asked, ["s0", ...others, "s1"]);
    for (let place = 1; place < sessions.length; place += 1) {
      const next = playing.next();
      while (answers.length > 0) {
        answers.splice(0).forEach((answer) => answer());
        await setImmediate();
      }
      await next;
    }
    assert.deepEqual([...asked].sort(), sessions.map(({ id }) => id).sort());
  });

  it("show nothing where there is nothing to show", async () => {
    const played = requestAhead(turnsOf([sessionOf("s")], [0]), () => Promise.resolve(undefined));
    assert.equal(textOf(await played.next()), "s nothing");
  });

  it("fail with the campaign's word", async () => {
    const sessions = [sessionOf("a", "u"), sessionOf("b", "u")];
    const playing = requestAhead(turnsOf(sessions, [0, 1]), () => Promise.reject(new Error("refused")));
    await assert.rejects(playing.next(), { message: "refused" });
  });
});
