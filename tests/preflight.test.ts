import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { TenantConfig } from "../config";
import { preflight } from "../preflight";
import { config } from "./support/settings";

type Call = (args: pulumi.runtime.MockCallArgs) => unknown;

const ALL = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"];
const FEWER = ["USER_ID", "ITEM_ID", "TIMESTAMP"];

/** Settings of tenants in prod, where datasets are protected. */
function tenants(columns: Record<string, string[]>, recommender: object = {}): TenantConfig[] {
  const own = Object.entries(columns).map(([name, interactionColumns]) => ({ name, recommender: { interactionColumns, ...recommender } }));
  return config({ tenants: own }, "prod").tenants;
}

/** Outputs of a deployment with all columns. */
const deployed = (tenant: string) => ({ schemaName: `${tenant}-c360-recommender-schema-c4c54-prod`, interactionColumns: ALL });

async function check(call: Call, ...args: Parameters<typeof preflight>): Promise<void> {
  const mocks = { newResource: () => ({ id: "", state: {} }), call: (asked: pulumi.runtime.MockCallArgs) => call(asked) as object };
  await pulumi.runtime.setMocks(mocks, "c360-recommender", "prod", true, "some-org");
  await preflight(...args);
}

describe("preflight of protected datasets", () => {
  it("names every tenant whose dataset would be replaced, and no other", async () => {
    const outputs = { tenants: { acme: deployed("acme"), bolt: deployed("bolt"), cord: deployed("cord") } };
    const asked: unknown[] = [];
    const call: Call = ({ token, inputs }) => (asked.push([token, inputs]), { outputs });
    await assert.rejects(check(call, "prod", tenants({ acme: FEWER, bolt: ALL, cord: FEWER })), (error: Error) => {
      assert.match(
        error.message,
        /^recommender\.interactionColumns of tenant acme would change from .*-c4c54-prod\) to .* and of tenant cord /,
      );
      assert.doesNotMatch(error.message, /bolt|\n/);
      return pulumi.RunError.isInstance(error);
    });
    assert.deepEqual(asked, [["pulumi:pulumi:readStackOutputs", { name: "some-org/c360-recommender/prod" }]]);
  });

  const accepted: [title: string, call: Call][] = [
    ["when the schema was created by hand", () => ({ outputs: { tenants: { acme: { interactionColumns: ALL } } } })],
    ["when the stack was never deployed", () => ({ outputs: {} })],
    ["when the tenant is new", () => ({ outputs: { tenants: { bolt: deployed("bolt") } } })],
    ["when mocks echo their inputs", ({ inputs }) => inputs as object],
  ];
  for (const [title, call] of accepted) {
    it(`refuses nothing ${title}`, () => check(call, "prod", tenants({ acme: FEWER })));
  }

  it("warns when the outputs cannot be read, and refuses nothing", async () => {
    const { warn } = console;
    const warnings: string[] = [];
    const refused: Call = () => {
      throw Object.assign(new Error(), { details: "unknown stack" });
    };
    console.warn = (line: string) => void warnings.push(line);
    try {
      await check(refused, "prod", tenants({ acme: FEWER }));
    } finally {
      console.warn = warn;
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /cannot tell whether the schema would change, because .* cannot be read: unknown stack$/);
  });

  it("reads no outputs where nothing is protected", async () => {
    let asked = 0;
    const call = () => ({ outputs: { asked: (asked += 1) } });
    await check(call, "prod", tenants({ acme: FEWER }, { protect: false }));
    const existing = { datasetGroupArn: "arn:aws:personalize:r:123456789012:dataset-group/g", trackingId: "x" };
    const datasetArn = "arn:aws:personalize:r:123456789012:dataset/g/INTERACTIONS";
    await check(call, "prod", tenants({ acme: FEWER }, { existing: { ...existing, datasetArn } }));
    assert.equal(asked, 0);
  });
});
