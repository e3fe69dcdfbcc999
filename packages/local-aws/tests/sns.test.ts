import * as assert from "node:assert/strict";
import { sns } from "../src/sns";
import type { Json, Statement } from "../src/service";
import { openStore } from "../src/store";
import { may, StepFunctionsBench, taskOf } from "../testing/stepFunctions";

const ARN = "arn:aws:sns:ap-southeast-1:123456789012:news";
const TYPE = "aws:sns/topic";

describe("the local SNS", () => {
  let bench: StepFunctionsBench;
  beforeEach(async () => {
    bench = await StepFunctionsBench.open({ services: [sns] });
    await bench.create(`${TYPE}:Topic`, { name: "news", tags: { of: "test" } });
  });
  afterEach(() => bench.close());

  const setPolicy = (...Statement: Partial<Statement>[]) =>
    bench.create(`${TYPE}Policy:TopicPolicy`, { arn: ARN, policy: { Version: "2012-10-17", Statement } });
  const publish = async (input: Record<string, string>) => {
    const { cloud, owner } = bench.running;
    const scope = `${owner.credentials.accessKeyId}/20260131/${cloud.region}/sns/aws4_request`;
    const response = await fetch(cloud.endpoint, {
      method: "POST",
      body: new URLSearchParams({ Action: "Publish", Version: "2010-03-31", ...input }),
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
    });
    return { status: response.status, text: await response.text() };
  };
  const messages = async (): Promise<Json[]> => {
    const found: Json[] = [];
    for await (const { topicArn, subject, message } of openStore(`${bench.running.stateDir}/sns`).replay("messages"))
      found.push({ topicArn, subject, message });
    return found;
  };
  const task = (input: Json) => taskOf("aws-sdk:sns:publish", input);

  it("keeps what is published over HTTP and by a state machine whose role may", async () => {
    await bench.allow(may(["sns:Publish"], ARN));
    const { status, text } = await publish({ TopicArn: ARN, Subject: "Hello", Message: "Grüße" });
    assert.equal(status, 200);
    assert.match(text, /<PublishResponse xmlns="http:\/\/sns.amazonaws.com\/doc\/2010-03-31\/"><PublishResult><MessageId>[\w-]{36}</);
    const { output } = await bench.run(task({ TopicArn: ARN, Message: "from a machine" }));
    assert.match(String((output as Json).MessageId), /^[\w-]{36}$/);
    assert.deepEqual(await messages(), [
      { topicArn: ARN, subject: "Hello", message: "Grüße" },
      { topicArn: ARN, subject: undefined, message: "from a machine" },
    ]);
  });

  it("lets nobody publish without permission, or against the topic's own policy", async () => {
    await bench.fails(task({ TopicArn: ARN, Message: "m" }), "Sns.AuthorizationErrorException", /sns:Publish on arn:aws:sns/);
    const deny = { Effect: "Deny" as const, Principal: "*" as const, Action: "sns:Publish", Resource: ARN };
    await setPolicy({ ...deny, Condition: { Bool: { "aws:SecureTransport": "false" } } });
    assert.equal((await publish({ TopicArn: ARN, Message: "m" })).status, 200);
    await setPolicy(deny);
    assert.deepEqual((await publish({ TopicArn: ARN, Message: "m" })).status, 403);
  });

  it("refuses what the service refuses", async () => {
    const refused: [Record<string, string>, number, RegExp][] = [
      [{ Message: "m", Subject: "s".repeat(100) }, 400, /<Code>InvalidParameter<.*at &apos;subject&apos;/],
      [{ Message: "m", Subject: "two\nlines" }, 400, /lines&apos; at &apos;subject&apos;/],
      [{ Message: "" }, 400, /<Code>InvalidParameter<.*at &apos;message&apos;/],
      [{ Message: "ü".repeat(131_073) }, 400, /<Code>InvalidParameter<.*262144 bytes/],
      [{ Message: "m", TopicArn: `${ARN}s` }, 404, /<Code>NotFound</],
      [{ Message: "m", MessageStructure: "json" }, 501, /MessageStructure of Publish/],
    ];
    for (const [input, status, pattern] of refused) {
      const found = await publish({ TopicArn: ARN, ...input });
      assert.equal(found.status, status, found.text);
      assert.match(found.text, pattern);
    }
    assert.equal((await publish({ TopicArn: ARN, Message: "ü".repeat(131_072), Subject: "s".repeat(99) })).status, 200);
  });

  it("takes topics, topic policies and subscriptions by email, and nothing else", async () => {
    const inputs = { topic: ARN, protocol: "email", endpoint: "data@acme.example" };
    const { id, state } = await bench.create(`${TYPE}Subscription:TopicSubscription`, inputs);
    assert.deepEqual([id.startsWith(`${ARN}:`), state], [true, { arn: id, ownerId: "123456789012", pendingConfirmation: true }]);
    const refused: [string, Json, RegExp][] = [
      [`${TYPE}Subscription:TopicSubscription`, { ...inputs, endpoint: "nobody" }, /endpoint must be an email address, got "nobody"/],
      [`${TYPE}Subscription:TopicSubscription`, { ...inputs, protocol: "sqs" }, /protocol must be email in the local cloud/],
      [`${TYPE}Subscription:TopicSubscription`, { ...inputs, topic: `${ARN}s` }, /Topic does not exist/],
      [`${TYPE}:Topic`, { name: "a.b" }, /name must be 1 to 256/],
      [`${TYPE}:Topic`, { name: "a", kmsMasterKeyId: "alias/aws/sns" }, /does not know the input kmsMasterKeyId/],
    ];
    for (const [type, given, message] of refused) await assert.rejects(bench.create(type, given), { message });
    const all = { Effect: "Deny" as const, Principal: "*" as const, Resource: ARN };
    await assert.rejects(setPolicy({ ...all, Action: "sns:*" }), /Policy statement action out of service scope: sns:\*/);
    await assert.rejects(setPolicy({ ...all, Action: "sns:Publish", Principal: undefined }), /must have a Principal/);
  });
});
