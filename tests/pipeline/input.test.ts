import * as assert from "node:assert/strict";
import { DeployedPipeline } from "../support/deployedPipeline";

const today = () => new Date().toISOString().slice(0, 10);
const dayBefore = (day: string) => new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
/** Hexadecimal digits of SHA-256 of `nightly`, as any tool gives them. */
const HASH_OF_NIGHTLY = "2a3b62b53ddb";

describe("the input of the pipeline", () => {
  let world: DeployedPipeline;
  before(async () => {
    world = await DeployedPipeline.open();
  });
  after(() => world.close());

  const wrong: [object, string][] = [
    [{ runDate: "2026-02-30" }, "runDate must be a day such as 2026-01-31, got 2026-02-30"],
    [{ runDate: "31.1.2026" }, "runDate must be a day such as 2026-01-31, got 31.1.2026"],
    [{ runDate: 20260131 }, "runDate must be a day such as 2026-01-31, got 20260131"],
    [{ runDate: "2999-01-01" }, `runDate must not be later than the day of the start, ${today()}, got 2999-01-01`],
    [{ runKey: "" }, "runKey must be a string of 1 to 256 characters, got "],
    [{ runKey: "x".repeat(257) }, `runKey must be a string of 1 to 256 characters, got ${"x".repeat(257)}`],
    [{ runKey: 7 }, "runKey must be a string of 1 to 256 characters, got 7"],
    [{ rebuild: "yes" }, "rebuild must be true or false, got yes"],
    [{ rundate: "2026-01-31" }, "input accepts only the keys runDate, runKey, rebuild, got rundate"],
    [["2026-01-31"], 'input must be an object, got ["2026-01-31"]'],
  ];
  for (const [input, problem] of wrong) {
    it(`must not be ${JSON.stringify(input).slice(0, 40)}`, async () => {
      const { status, error, cause, states } = await world.run(input);
      const advice = "Start the pipeline again with an input that follows this rule.";
      assert.deepEqual([status, error, cause], ["FAILED", "BadInput", `${problem} - ${advice}`]);
      assert.deepEqual(states, ["Prepare", "CheckInput", "BadInput"]);
    });
  }

  /** Too few rows are there, which tells what the run made of its input. */
  const runDateOf = async (input: object, name?: string): Promise<string | undefined> =>
    /run date (\S+)/.exec((await world.run(input, name)).cause ?? "")?.[1];

  it("may be empty: the run is of the day before", async () => {
    assert.equal(await runDateOf({}), dayBefore(today()));
  });

  it("takes the day before a scheduled time from the run key", async () => {
    assert.equal(await runDateOf({ runKey: "2026-03-01T02:15:00Z" }), "2026-02-28");
  });

  it("takes a given day before that of the run key", async () => {
    assert.equal(await runDateOf({ runKey: "2026-03-01T02:15:00Z", runDate: "2024-02-29" }), "2024-02-29");
  });

  it("names the run by its key, or by the execution's name", async () => {
    await world.run({ runDate: "2026-01-30", runKey: "nightly" });
    await world.run({ runDate: "2026-01-31" }, "nightly");
    const ids = await Promise.all(["2026-01-30", "2026-01-31"].map(async (day) => (await world.partition(day))?.Parameters?.runId));
    assert.deepEqual(
      ids.map((id) => id?.split("-")[0]),
      [HASH_OF_NIGHTLY, HASH_OF_NIGHTLY],
    );
    assert.notEqual(ids[0], ids[1]);
  });
});
