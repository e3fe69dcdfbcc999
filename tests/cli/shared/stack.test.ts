import * as assert from "node:assert/strict";
import { readProgramStack } from "../../../cli/shared/stack";
import { REPOSITORY } from "../../support/program";

describe("readProgramStack", () => {
  it("reads a fitting name without a stack file as a personal stage with the defaults", async () => {
    const { stack, config } = await readProgramStack(REPOSITORY, "alice");
    assert.deepEqual([stack, config["c360-recommender:tenants"]], ["alice", '["acme"]']);
  });

  for (const name of ["Prod", "athena", "a"]) {
    it(`refuses ${name}`, async () => {
      const rule = "a personal stage's name must match ^[a-z][a-z0-9]{1,11}$ and be none of crm, recommender, aws, athena";
      await assert.rejects(readProgramStack(REPOSITORY, name), {
        name: "StackError",
        message: `stack "${name}": there is no Pulumi.${name}.yaml, and ${rule}`,
      });
    });
  }
});
