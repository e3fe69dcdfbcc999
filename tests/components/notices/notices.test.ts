import * as assert from "node:assert/strict";
import { Notices } from "../../../components/notices/notices";
import { CONTEXT, deploy } from "../../support/pulumiMocks";

const ARN = "arn:aws:sns:ap-southeast-1:123456789012:acme-c360-recommender-notices-dev";
const TYPES = ["topic:Topic", "topicPolicy:TopicPolicy", "topicSubscription:TopicSubscription"].map((type) => `aws:sns/${type}`);

async function create(email?: string) {
  let topicArn = "";
  const deployment = await deploy(() => void ({ topicArn } = new Notices("n", { context: CONTEXT, email })));
  return { ...deployment, topicArn };
}

describe("Notices", () => {
  it("has a topic whose ARN is known beforehand, and which takes TLS alone", async () => {
    const { get, names, topicArn } = await create();
    assert.equal(topicArn, ARN);
    assert.deepEqual(get(TYPES[0], "n-topic").inputs, {
      name: "acme-c360-recommender-notices-dev",
      tags: { tenant: "acme", stage: "dev", project: "c360-recommender" },
    });
    const { inputs } = get(TYPES[1], "n-policy");
    assert.equal(inputs.arn, ARN);
    const actions = ["AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "RemovePermission"];
    assert.deepEqual(inputs.policy, {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "DenyInsecureTransport",
          Effect: "Deny",
          Principal: "*",
          Action: [...actions, "SetTopicAttributes", "Subscribe"].map((action) => `sns:${action}`),
          Resource: ARN,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
    assert.deepEqual(names(TYPES[2]), []);
  });

  it("subscribes an address", async () => {
    const { get } = await create("data@acme.example");
    assert.deepEqual(get(TYPES[2], "n-email").inputs, { topic: ARN, protocol: "email", endpoint: "data@acme.example" });
  });
});
