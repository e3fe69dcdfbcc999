import * as assert from "node:assert/strict";
import { cloudControl } from "../src/cloudControl";
import { makePersonalize } from "../src/personalize";
import type { Json } from "../src/service";
import { withCloud, type TestCloud } from "../testing/cloud";

const TYPE = "aws:cloudcontrol/resource:Resource";
const GROUP = "AWS::Personalize::DatasetGroup";

describe("the local Cloud Control", () => {
  let cloud: TestCloud;
  before(async () => {
    cloud = await withCloud([makePersonalize({ creationMs: 0 }), cloudControl]);
  });
  after(() => cloud.stop());
  const check = (inputs: Json) => () => cloud.cloud.check(TYPE, inputs);
  const create = (inputs: Json) => cloud.cloud.create(TYPE, inputs, "urn:pulumi:local::test::resource");

  it("answers with the primary identifier and the read model as JSON", async () => {
    const { id, state } = await create({ typeName: GROUP, desiredState: '{"Name":"shop"}' });
    assert.equal(id, "arn:aws:personalize:ap-southeast-1:123456789012:dataset-group/shop");
    assert.deepEqual(state, { properties: JSON.stringify({ Name: "shop", DatasetGroupArn: id }) });
  });

  it("checks a preview whose desired state is not known yet", () => {
    assert.doesNotThrow(check({ typeName: GROUP }));
    assert.doesNotThrow(check({}));
  });

  const refused: [string, Json, RegExp][] = [
    ["an unknown type", { typeName: "AWS::Personalize::Solution" }, /AWS::Personalize::Solution/],
    ["an unknown input", { typeName: GROUP, desired: "{}" }, /input desired/],
    ["an unknown property", { typeName: GROUP, desiredState: '{"Nmae":"shop"}' }, /DatasetGroup: .*Nmae/],
    ["a desired state that is no JSON", { typeName: GROUP, desiredState: "{" }, /DatasetGroup: desiredState must be JSON$/],
    ["a desired state that is no object", { typeName: GROUP, desiredState: "[]" }, /desiredState must be a JSON object$/],
    ["another region", { typeName: GROUP, region: "us-east-1" }, /region must be ap-southeast-1, got us-east-1/],
  ];
  for (const [what, inputs, message] of refused) {
    it(`refuses ${what}`, async () => {
      assert.throws(check(inputs), { message });
      await assert.rejects(create(inputs), { message });
    });
  }

  it("demands type and desired state to create", async () => {
    await assert.rejects(create({ desiredState: "{}" }), /typeName must be given/);
    await assert.rejects(create({ typeName: GROUP }), /desiredState must be given for AWS::Personalize::DatasetGroup/);
  });
});
