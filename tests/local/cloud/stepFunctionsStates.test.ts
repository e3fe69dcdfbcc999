import * as assert from "node:assert/strict";
import { StepFunctionsBench } from "../../support/stepFunctions";

describe("local Step Functions: states", () => {
  let bench: StepFunctionsBench;
  before(async () => {
    bench = await StepFunctionsBench.open();
  });
  after(() => bench.close());

  it("passes its input on, or its output", async () => {
    const states = {
      First: { Type: "Pass", Next: "Second" },
      Second: { Type: "Pass", Output: { twice: "{% $states.input.n * 2 %}", text: "as it is {% 1 %}" }, End: true },
    };
    assert.deepEqual(await bench.run(states, { n: 4 }), { status: "SUCCEEDED", output: { twice: 8, text: "as it is {% 1 %}" } });
  });
});
