import * as assert from "node:assert/strict";
import { personalizeJob, type PersonalizeJob } from "../../../components/pipeline/personalizeJob";
import { evaluateExpressions } from "@c360/local-aws";

const JOB: PersonalizeJob = {
  noun: "Baking",
  create: { state: "Bake", action: "personalize:createCake", arguments: { Name: "{% $attempt %}" }, assign: { arn: "{% 1 %}" } },
  describe: { action: "personalize:describeCake", arguments: { Name: "a" }, member: "Cake" },
  superseded: "$isStale",
  failed: "BakingFailed",
  maxWaitHours: 2,
};
const HOUR = 3_600_000;
const BEGUN = Date.UTC(2026, 0, 31);

const states = personalizeJob(JOB, { eaten: false }).states("Eat");
const at = (ms: number, result: object = {}) => ({ context: { State: { EnteredTime: new Date(BEGUN + ms).toISOString() } }, result });
const evaluate = (template: unknown, bindings: object) => evaluateExpressions(template, "Field", { since: BEGUN, ...bindings });

describe("a long-running Personalize resource", () => {
  it("is created, described, checked and polled", () => {
    const ways = Object.entries(states).map(([name, { Type, Next }]) =>
      typeof Next === "string" ? `${name} ${Type} ${Next}` : `${name} ${Type}`,
    );
    assert.deepEqual(ways, [
      "BeginBaking Pass Bake",
      "Bake Task DescribeBaking",
      "CheckBakingQuota Choice",
      "WaitForBakingQuota Wait Bake",
      "DescribeBaking Task CheckBaking",
      "CheckBaking Choice",
      "NextBaking Pass Bake",
      "WaitForBaking Wait DescribeBaking",
    ]);
    assert.deepEqual([states.CheckBaking.Default, states.CheckBakingQuota.Default], ["WaitForBaking", "WaitForBakingQuota"]);
  });

  it("is used if it exists, waits for a quota, and fails with any other error", () => {
    const caught = (states.Bake.Catch as { ErrorEquals: string[]; Next: string }[]).map(({ ErrorEquals, Next }) => [ErrorEquals, Next]);
    assert.deepEqual(caught, [
      [["Personalize.ResourceAlreadyExistsException"], "DescribeBaking"],
      [["Personalize.LimitExceededException", "Personalize.ResourceInUseException"], "CheckBakingQuota"],
      [["States.ALL"], "BakingFailed"],
    ]);
    assert.deepEqual(states.Bake.Assign, { created: true, arn: "{% 1 %}" });
  });

  it("counts as created by this execution, even if the response was lost", async () => {
    const made = async (flag: boolean, created: number) => {
      const result = { Cake: { Status: "ACTIVE", CreationDateTime: new Date(BEGUN + created).toISOString() } };
      return ((await evaluate(states.DescribeBaking.Assign, { created: flag, states: at(0, result) })) as { created: boolean }).created;
    };
    assert.deepEqual([await made(true, -5), await made(false, 0), await made(false, 5), await made(false, -5)], [true, true, true, false]);
  });

  /** Where a check leads, and with which cause. */
  async function check(status: string, { made = true, isStale = false, waited = 0 } = {}) {
    const bindings = { status, created: made, isStale, cause: "burnt", states: at(waited) };
    const choices = states.CheckBaking.Choices as { Condition: string; Next: string; Assign?: object }[];
    for (const { Condition, Next, Assign } of choices) {
      if ((await evaluate(Condition, bindings)) !== true) continue;
      return [Next, ...(Assign === undefined ? [] : [await evaluate(Assign, bindings)])];
    }
    return [states.CheckBaking.Default];
  }

  it("ends when it is ACTIVE, failed or late", async () => {
    assert.deepEqual(await check("ACTIVE"), ["Eat", { eaten: false }]);
    assert.deepEqual(await check("ACTIVE", { isStale: true, waited: 3 * HOUR }), ["Eat", { eaten: false }]);
    for (const status of ["CREATE FAILED", "CREATE STOPPED"]) assert.deepEqual(await check(status), ["BakingFailed"], status);
    for (const status of ["CREATE PENDING", "CREATE IN_PROGRESS", "CREATE STOPPING"]) {
      assert.deepEqual(await check(status, { waited: 2 * HOUR }), ["WaitForBaking"], status);
    }
    const late = { cause: "burnt after 2 hours (pipeline.maxWaitHours)" };
    assert.deepEqual(await check("CREATE IN_PROGRESS", { waited: 2 * HOUR + 1 }), ["BakingFailed", late]);
  });

  it("is followed by another attempt if an earlier execution created one that cannot be used", async () => {
    assert.deepEqual(await check("ACTIVE", { made: false }), ["Eat", { eaten: false }]);
    assert.deepEqual(await check("CREATE FAILED", { made: false }), ["NextBaking"]);
    assert.deepEqual(await check("ACTIVE", { made: false, isStale: true }), ["NextBaking"]);
    assert.deepEqual(await evaluate(states.NextBaking.Assign, { attempt: 2 }), { attempt: 3 });
  });

  it("is polled less often the longer it takes", async () => {
    const seconds = (waited: number) => evaluate(states.WaitForBaking.Seconds, { states: at(waited * 1000) });
    assert.deepEqual([await seconds(0), await seconds(600), await seconds(640), await seconds(7200)], [30, 30, 32, 360]);
  });
});
