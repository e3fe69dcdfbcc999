import * as assert from "node:assert/strict";
import type { Registration } from "../src/resources";
import { Resources } from "../src/resources";
import { secret, UNKNOWN } from "../src/wire";
import { TestProvider } from "../testing/program";

function registration(name: string, more: Partial<Registration> = {}): Registration {
  return {
    ...{ type: "test:index:Thing", name, custom: true, parent: "", provider: "", protect: false, retainOnDelete: false },
    ...{ dependencies: [], propertyDependencies: {}, inputs: {}, secretOutputs: [] },
    ...more,
  };
}

describe("the resources of a run", () => {
  const setUp = ({ dryRun = false } = {}) => {
    const provider = new TestProvider();
    return { provider, resources: new Resources({ project: "shop", stack: "dev", dryRun }, provider) };
  };

  it("qualifies a type by its ancestors below the stack", () => {
    const { resources } = setUp();
    const stack = resources.urn("", "pulumi:pulumi:Stack", "shop-dev");
    const outer = resources.urn(stack, "a:b:Outer", "outer");
    const inner = resources.urn(outer, "a:b:Inner", "inner");
    assert.deepEqual(
      [stack, outer, inner, resources.urn(inner, "aws:s3/bucket:Bucket", "data")],
      [
        "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev",
        "urn:pulumi:dev::shop::a:b:Outer::outer",
        "urn:pulumi:dev::shop::a:b:Outer$a:b:Inner::inner",
        "urn:pulumi:dev::shop::a:b:Outer$a:b:Inner$aws:s3/bucket:Bucket::data",
      ],
    );
  });

  it("refuses an input that the provider does not know, also while its value is unknown", async () => {
    const { resources, provider } = setUp({ dryRun: true });
    await assert.rejects(resources.register(registration("one", { inputs: { colour: UNKNOWN } })), {
      message: "urn:pulumi:dev::shop::test:index:Thing::one: test:index:Thing: the input colour is unknown",
    });
    assert.deepEqual(provider.created, []);
  });

  it("refuses a second resource with the same URN", async () => {
    const { resources, provider } = setUp();
    await resources.register(registration("one"));
    await assert.rejects(resources.register(registration("one")), /^Error: urn:pulumi:dev::shop::test:index:Thing::one: two resources/);
    assert.equal(provider.created.length, 1);
  });

  it("hands secrets back as secrets, inputs as well as the outputs that the program names", async () => {
    const { resources, provider } = setUp();
    const inputs = { user: "ann", password: secret("hush"), nested: { list: [secret("deep")] } };
    const { state, id } = await resources.register(registration("one", { inputs, secretOutputs: ["arn"] }));
    assert.deepEqual(provider.created[0].inputs, { user: "ann", password: "hush", nested: { list: ["deep"] } });
    assert.equal(id, "one-id");
    assert.deepEqual(state, {
      user: "ann",
      password: secret("hush"),
      nested: secret({ list: ["deep"] }),
      arn: secret("arn:one"),
    });
  });

  it("keeps a component's outputs, plain, with null for what is unknown", async () => {
    const { resources } = setUp({ dryRun: true });
    const { urn } = await resources.register(registration("shelf", { type: "a:b:Shelf", custom: false }));
    resources.registerOutputs(urn, { word: secret("hush"), arns: ["a", UNKNOWN] });
    assert.deepEqual(resources.all.get(urn)?.outputs, { word: "hush", arns: ["a", null] });
  });
});
