import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { keepDeployedSchemas, type ProtectedDataset } from "../../../components/recommender/deployedSchemas";

const ALL = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"];
const FEWER = ["USER_ID", "ITEM_ID", "TIMESTAMP"];
const dataset = (tenant: string, interactionColumns = FEWER): ProtectedDataset => ({ tenant, stage: "prod", interactionColumns });
const deployed = (tenant: string) => ({ schemaName: `${tenant}-c360-recommender-schema-c4c54-prod`, interactionColumns: ALL });

/** Checks under mocks whose functions answer so. */
async function keep(call: (args: pulumi.runtime.MockCallArgs) => unknown, ...datasets: ProtectedDataset[]): Promise<void> {
  const mocks = { newResource: () => ({ id: "", state: {} }), call: (args: pulumi.runtime.MockCallArgs) => call(args) as object };
  await pulumi.runtime.setMocks(mocks, "c360-recommender", "prod", true, "some-org");
  await keepDeployedSchemas(datasets);
}

describe("keepDeployedSchemas", () => {
  it("names every tenant whose dataset would be replaced, and only those", async () => {
    const outputs = { tenants: { acme: deployed("acme"), bolt: deployed("bolt"), cord: deployed("cord") } };
    const asked: unknown[] = [];
    const call = (args: pulumi.runtime.MockCallArgs) => (asked.push([args.token, args.inputs]), { outputs });
    await assert.rejects(keep(call, dataset("acme"), dataset("bolt", ALL), dataset("cord")), (error: Error) => {
      assert.match(
        error.message,
        /^recommender\.interactionColumns of tenant acme would change from .*-c4c54-prod\) to .* and of tenant cord /,
      );
      assert.doesNotMatch(error.message, /bolt|\n/);
      return pulumi.RunError.isInstance(error);
    });
    assert.deepEqual(asked, [["pulumi:pulumi:readStackOutputs", { name: "some-org/c360-recommender/prod" }]]);
  });

  const silent: [title: string, call: (args: pulumi.runtime.MockCallArgs) => unknown][] = [
    ["when the schema was made by hand", () => ({ outputs: { tenants: { acme: { interactionColumns: ALL } } } })],
    ["when the stack was never deployed", () => ({ outputs: {} })],
    ["when the tenant is new", () => ({ outputs: { tenants: { bolt: deployed("bolt") } } })],
    ["when mocks echo what they are asked", ({ inputs }) => inputs as object],
    ["when outputs cannot be read", () => assert.fail("unknown stack")],
  ];
  for (const [title, call] of silent) it(`refuses nothing ${title}`, () => keep(call, dataset("acme")));

  it("asks nothing where nothing is protected", async () => {
    let asked = 0;
    await keep(() => ({ outputs: { asked: (asked += 1) } }));
    assert.equal(asked, 0);
  });
});
