import * as assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCloud } from "../src/cloud";
import { pulumiProvider } from "../src/pulumiProvider";
import type { ServiceFactory } from "../src/service";

const shop: ServiceFactory = () => ({
  signingName: "shop",
  protocol: "json",
  operations: {},
  resources: { "aws:shop/door:Door": { inputs: ["colour"], create: async ({ colour }) => ({ id: `door-${String(colour)}`, state: {} }) } },
});

describe("the local cloud as Pulumi provider", () => {
  const provider = pulumiProvider(buildCloud({ factories: [shop], stateDir: join(tmpdir(), "local-aws-unused"), region: "eu-west-1" }));

  it("checks and creates by resource type", async () => {
    provider.check("aws:shop/door:Door", { colour: undefined });
    assert.deepEqual(await provider.create("aws:shop/door:Door", { colour: "red" }, "urn:x"), { id: "door-red", state: {} });
    assert.throws(() => provider.check("aws:shop/door:Door", { size: undefined }), /aws:shop\/door:Door: .* the input size$/);
    assert.throws(() => provider.check("aws:shop/gate:Gate", {}), /the resource type aws:shop\/gate:Gate$/);
  });

  it("answers functions, and names one that it does not know", async () => {
    const { region } = await provider.invoke("aws:index/getRegion:getRegion", {});
    assert.equal(region, "eu-west-1");
    assert.throws(() => provider.invoke("aws:index/getIpRanges:getIpRanges", {}), /the function aws:index\/getIpRanges:getIpRanges$/);
  });

  it("takes an explicit AWS provider for the cloud's own region alone", async () => {
    const type = "pulumi:providers:aws";
    assert.deepEqual(await provider.create(type, { region: "eu-west-1" }, "urn:pulumi:dev::p::pulumi:providers:aws::main"), {
      id: "main",
      state: {},
    });
    provider.check(type, { region: undefined });
    assert.throws(() => provider.check(type, { region: "us-east-1" }), {
      message: `${type}: region must be eu-west-1, the stack's, got "us-east-1"`,
    });
    assert.throws(() => provider.check(type, { profile: "me" }), { message: `${type}: the local cloud does not know the input profile` });
  });
});
