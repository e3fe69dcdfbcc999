import * as assert from "node:assert/strict";
import { AttachRolePolicyCommand, DetachRolePolicyCommand, IAMClient } from "@aws-sdk/client-iam";
import { ServiceError } from "@c360/local-aws";
import { makeRecommender, makeThroughCloudControl, trackerActive } from "@c360/local-aws/testing";
import { blockerLines } from "../../cli/aws/blockers";
import { TeardownFixture } from "../support/teardownFixture";

const IAM = "arn:aws:iam::123456789012:policy";
const GROUP = "acme-c360-recommender-recommender-dev";
const POLICIES = {
  producer: `${IAM}/acme-c360-recommender-producer-dev`,
  consumer: `${IAM}/acme-c360-recommender-consumer-dev`,
  bolt: `${IAM}/bolt-c360-recommender-producer-dev`,
};
const DETACH = "These policies are in use. Detach them before pulumi destroy, which cannot delete them while they are attached:";
const REMOVE =
  "These datasets are not the stack's own. pulumi destroy deletes the event tracker, then stops at their dataset group: delete them then, and run it again:";
const detachRole = (name: string, policyArn: string) => `  aws iam detach-role-policy --role-name ${name} --policy-arn ${policyArn}`;
const detachUser = (name: string, policyArn: string) => `  aws iam detach-user-policy --user-name ${name} --policy-arn ${policyArn}`;

describe("what npm run teardown lists for pulumi destroy", () => {
  let fixture: TeardownFixture;
  let iam: IAMClient;
  let deleteItems: string;
  before(async () => {
    fixture = await TeardownFixture.open();
    const { running } = fixture.machines;
    iam = new IAMClient({ ...running.client, maxAttempts: 1 });
    const { datasetGroupArn, trackerArn } = await makeRecommender(running.cloud, GROUP);
    await trackerActive(running, trackerArn);
    const make = (kind: string, desired: Record<string, unknown>) =>
      makeThroughCloudControl(running.cloud, `AWS::Personalize::${kind}`, { Name: "items", ...desired });
    const fields = [
      { name: "ITEM_ID", type: "string" },
      { name: "COLOUR", type: "string" },
    ];
    const schema = await make("Schema", {
      Schema: JSON.stringify({ type: "record", name: "Items", namespace: "com.amazonaws.personalize.schema", fields, version: "1.0" }),
    });
    const items = await make("Dataset", { DatasetType: "Items", DatasetGroupArn: datasetGroupArn, SchemaArn: schema.id });
    deleteItems = `  aws personalize delete-dataset --region ap-southeast-1 --dataset-arn ${items.id} # Items`;

    const statement = { Effect: "Allow", Action: "kinesis:PutRecords", Resource: "*" };
    for (const arn of Object.values(POLICIES)) {
      await fixture.machines.create("aws:iam/policy:Policy", { name: arn.slice(IAM.length + 1), policy: { Statement: statement } });
    }
    await iam.send(new AttachRolePolicyCommand({ RoleName: "machine", PolicyArn: POLICIES.producer }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: "machine", PolicyArn: POLICIES.bolt }));
    running.user("dashboards", [POLICIES.producer, POLICIES.consumer]);
  });
  after(async () => {
    iam.destroy();
    await fixture.close();
  });
  const listOfAcme = () => [
    DETACH,
    detachRole("machine", POLICIES.producer),
    detachUser("dashboards", POLICIES.producer),
    detachUser("dashboards", POLICIES.consumer),
    REMOVE,
    deleteItems,
  ];

  it("comes before the word that there is nothing to delete, for one tenant or for all", async () => {
    const nothing = (whose: string) => `There is nothing to delete: no campaign or solution of ${whose} in ap-southeast-1.`;
    const { code, printed } = await fixture.run("--stack two --tenant acme");
    assert.deepEqual([code, printed], [0, [...listOfAcme(), nothing("tenant acme of stack two")]]);
    const all = await fixture.run("--stack two");
    const bolt = detachRole("machine", POLICIES.bolt);
    assert.deepEqual(all.printed, [...listOfAcme().slice(0, 4), bolt, ...listOfAcme().slice(4), nothing("stack two")]);
  });

  it("comes before the question, and nothing of it is deleted or detached", async () => {
    await fixture.solution("acme-c360-recommender-solution-dev-a1b");
    for (const expected of [2, 0]) {
      const { code, printed } = await fixture.run(`--stack two --tenant acme${expected === 0 ? " --yes" : ""}`);
      assert.deepEqual([code, printed.slice(4, 10)], [expected, listOfAcme()]);
    }
    assert.deepEqual((await fixture.run("--stack two --tenant acme")).printed.slice(0, -1), listOfAcme());
  });

  it("gets shorter by what its commands do", async () => {
    await iam.send(new DetachRolePolicyCommand({ RoleName: "machine", PolicyArn: POLICIES.bolt }));
    const { printed } = await fixture.run("--stack two --tenant bolt");
    assert.equal(printed.length, 1);
  });

  it("says what may not be looked up, and deletes all the same", async () => {
    await fixture.solution("acme-c360-recommender-solution-dev-a1b");
    const denied = [
      ["iam", "ListEntitiesForPolicy"],
      ["personalize", "ListDatasets"],
    ].map(([service, operation]) => {
      const kind = new ServiceError(service === "iam" ? "AccessDenied" : "AccessDeniedException", `may not ${operation}`, 403);
      return fixture.machines.running.faults.inject({ service, operation, kind });
    });
    const { code, printed } = await fixture.run("--stack two --yes");
    for (const fault of denied) fault.remove();
    assert.equal(code, 0);
    assert.deepEqual(printed.slice(4, 6), [
      "Could not look up what the stack's policies are attached to: AccessDenied: may not ListEntitiesForPolicy",
      "Could not look up the datasets of the stack's dataset groups: AccessDeniedException: may not ListDatasets",
    ]);
    assert.deepEqual(await fixture.existing(), []);
  });

  it("has the commands for groups too", () => {
    const attachments = [{ policyArn: POLICIES.consumer, kind: "group" as const, name: "analysts" }];
    const command = `  aws iam detach-group-policy --group-name analysts --policy-arn ${POLICIES.consumer}`;
    assert.deepEqual(blockerLines({ attachments, datasets: [], unknown: [] }, "eu-west-1"), [DETACH, command]);
  });
});
