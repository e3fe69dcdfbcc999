import * as assert from "node:assert/strict";
import { jobModuleKeys } from "../components/shared/naming";
import { type Deployment, deploy } from "./support/pulumiMocks";

const OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2";
const SETTINGS = {
  "c360-recommender:tenants": ["acme"],
  "c360-recommender:export": { engine: "glue", source: { prefix: "crm/interactions/" } },
};

async function program(): Promise<unknown> {
  const main = (await import("..")) as unknown as () => Promise<unknown>;
  return main();
}

describe("the program with a Glue job that exports a source", () => {
  let byJob: Deployment;
  before(async () => (byJob = await deploy(program, { config: SETTINGS })));

  it("makes the job with its files and two logs in place of both functions", () => {
    const made = (type: string) => byJob.names(type).filter((name) => name.startsWith("acme-export-"));
    assert.deepEqual(made("aws:lambda/function:Function"), []);
    assert.deepEqual(made("aws:glue/job:Job"), ["acme-export-export-job"]);
    assert.equal(made(OBJECT).length, 1 + jobModuleKeys("dev").length);
    assert.deepEqual(made("aws:iam/role:Role"), ["acme-export-export-role"]);
    assert.deepEqual(made("aws:iam/rolePolicy:RolePolicy"), ["acme-export-export-role-policy"]);
    assert.deepEqual(made("aws:cloudwatch/logGroup:LogGroup"), ["acme-export-export-error-logs", "acme-export-export-output-logs"]);
  });

  it("gives each a type and name of its own, a component as parent, and tags", () => {
    const own = byJob.resources.filter(({ name, custom }) => custom && name.startsWith("acme-export-"));
    const names = own.map(({ type, name }) => `${type} ${name}`);
    assert.equal(new Set(names).size, names.length);
    for (const { type, name, parent, inputs } of own) {
      assert.equal(parent, "c360:export:InteractionExport acme-export", name);
      if (type === "aws:iam/rolePolicy:RolePolicy") continue;
      assert.deepEqual(inputs.tags, { tenant: "acme", stage: "dev", project: "c360-recommender" }, name);
    }
  });

  it("tells the state machine to run that job and to give it the least that Personalize takes", () => {
    const { inputs } = byJob.get("aws:sfn/stateMachine:StateMachine", "acme-pipeline-state-machine");
    const { States } = JSON.parse(String(inputs.definition)) as { States: Record<string, { Arguments: unknown }> };
    const { JobName, Arguments } = States.Export.Arguments as { JobName: string; Arguments: Record<string, string> };
    assert.equal(JobName, "acme-c360-recommender-export-dev");
    assert.deepEqual([Arguments["--least_rows"], Arguments["--least_repeat_users"]], ["1000", "25"]);
  });
});
