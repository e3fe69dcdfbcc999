import * as assert from "node:assert/strict";
import { checkGate, checkTrainedOn, mustAccept, type TrainedOn } from "../../../local/reconciliation/training";
import type { Training } from "../../../local/report";
import { exportedRun, GATE, trained } from "../../support/report";

const { metric } = GATE;

/** A run that trained a version with these values of the metric. */
function training(decision: Training["decision"], value: unknown, present?: unknown, baseline?: unknown): Training {
  const of = (one: unknown) => (one === undefined ? null : { [metric]: one as number });
  return { ...trained(decision), metrics: of(value) ?? {}, present: of(present), baseline: of(baseline) };
}

describe("the gate's decisions, by the metrics of a run", () => {
  const baseline = { ...GATE, requireBaseline: true };
  const cases: [what: string, training: Training, settings: typeof GATE, expected: boolean | undefined][] = [
    ["a better version", training("updated", 0.6, 0.5), GATE, true],
    ["one that is worse by less than the tolerance", training("updated", 0.46, 0.5), GATE, true],
    ["one that is worse by more", training("kept", 0.44, 0.5), GATE, false],
    ["one on the edge, where rounding decides", training("kept", 0.45, 0.5), GATE, undefined],
    ["one without a number", training("kept", undefined, 0.5), GATE, false],
    ["one beside a present version without a number", training("kept", 0.5, "NaN"), GATE, false],
    ["a first version", training("created", 0), GATE, true],
    ["a first version above its baseline", training("created", 0.3, undefined, 0.2), baseline, true],
    ["a first version that equals its baseline", training("kept", 0.2, undefined, 0.2), baseline, false],
    ["a first version without a baseline", training("kept", 0.2), baseline, false],
    ["no version", training("skipped", undefined), GATE, undefined],
  ];
  for (const [what, one, settings, expected] of cases) {
    it(`are known for ${what}`, () => assert.equal(mustAccept(one, settings), expected));
  }

  it("are compared with what was done, and a difference is a problem", () => {
    const run = (one: Training) => ({ ...exportedRun(), training: one });
    assert.deepEqual(checkGate(GATE, [run(training("created", 0.5)), run(training("kept", 0.1, 0.5))]), []);
    const wrong = checkGate(GATE, [run(training("updated", 0.1, 0.5)), run(training("kept", 0.5, 0.5)), exportedRun()]);
    assert.deepEqual(
      wrong.map(({ check, expected, actual }) => [check, expected, actual]),
      [
        ["gate.accepted", false, true],
        ["gate.accepted", true, false],
      ],
    );
  });
});

describe("what versions were trained on", () => {
  const version = trained("created").solutionVersionArn;
  const run = { ...exportedRun(), training: trained("created") };
  async function* log(...entries: TrainedOn[]): AsyncGenerator<TrainedOn> {
    yield* entries;
  }
  const expected = run.export?.expected ?? { rows: 0, users: 0, items: 0 };

  it("is each interaction of the table once; the baseline's versions are in no run", async () => {
    const entries = [
      { solutionVersionArn: version, ...expected },
      { solutionVersionArn: "baseline", ...expected, rows: 1 },
    ];
    assert.deepEqual(await checkTrainedOn([run], log(...entries)), []);
  });

  it("is a problem where an interaction counts twice, or not at all", async () => {
    for (const rows of [expected.rows + 1, expected.rows - 1]) {
      const [{ check, actual }, ...more] = await checkTrainedOn([run], log({ solutionVersionArn: version, ...expected, rows }));
      assert.deepEqual([check, actual, more], ["training.interactions", { ...expected, rows }, []]);
    }
  });

  it("is a problem where nothing tells it", async () => {
    const [{ check, actual }] = await checkTrainedOn([run], log());
    assert.deepEqual([check, actual], ["training.interactions", null]);
  });
});
