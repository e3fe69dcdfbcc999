import * as assert from "node:assert/strict";
import {
  AttachRolePolicyCommand,
  DetachRolePolicyCommand,
  IAMClient,
  ListEntitiesForPolicyCommand,
  paginateListEntitiesForPolicy,
} from "@aws-sdk/client-iam";
import type { Principal, Statement } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";

const IAM = "arn:aws:iam::123456789012";
const document = (...Statement: Statement[]) => ({ Version: "2012-10-17", Statement });
const TRUST = document({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" });

describe("operations of the local IAM", () => {
  let cloud: TestCloud;
  let owner: IAMClient;
  let policyArn: string;
  beforeEach(async () => {
    cloud = await withCloud([]);
    owner = clientOf(cloud.owner);
    policyArn = await makePolicy("list", "ListEntitiesForPolicy");
    for (const name of ["app", "batch"]) await create("role:Role", { name, assumeRolePolicy: TRUST });
  });
  afterEach(async () => {
    owner.destroy();
    await cloud.stop();
  });

  const clientOf = (principal: Principal): IAMClient => new IAMClient({ ...cloud.clientOf(principal), maxAttempts: 1 });
  const create = (type: string, inputs: Record<string, unknown>) =>
    cloud.cloud.create(`aws:iam/${type}`, inputs, `urn:${String(inputs.name)}`);
  async function makePolicy(name: string, ...operations: string[]): Promise<string> {
    const Action = operations.map((operation) => `iam:${operation}`);
    return (await create("policy:Policy", { name, policy: document({ Effect: "Allow", Action, Resource: "*" }) })).id;
  }
  const attach = (RoleName: string, PolicyArn = policyArn) => owner.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  const detach = (RoleName: string, PolicyArn = policyArn) => owner.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  const entities = (PolicyArn = policyArn, client = owner) => client.send(new ListEntitiesForPolicyCommand({ PolicyArn }));

  it("list the roles and users that a policy is attached to, until it is detached", async () => {
    const { $metadata, ...none } = await entities();
    assert.equal($metadata.httpStatusCode, 200);
    assert.deepEqual(none, { PolicyRoles: [], PolicyGroups: [], PolicyUsers: [], IsTruncated: false });
    for (const role of ["batch", "app", "batch"]) await attach(role);
    cloud.user("alice", [policyArn]);
    const { PolicyRoles = [], PolicyUsers = [] } = await entities();
    assert.deepEqual(
      [PolicyRoles.map(({ RoleName }) => RoleName), PolicyUsers.map(({ UserName }) => UserName)],
      [["batch", "app"], ["alice"]],
    );
    assert.match(String(PolicyRoles[0].RoleId), /^AROA/);
    assert.match(String(PolicyUsers[0].UserId), /^AIDA/);
    await detach("batch");
    assert.deepEqual((await entities()).PolicyRoles, [PolicyRoles[1]]);
    await assert.rejects(detach("batch"), { name: "NoSuchEntityException", message: `Policy ${policyArn} was not found.` });
  });

  it("list in pages", async () => {
    await attach("app");
    cloud.user("alice", [policyArn]);
    await attach("batch");
    const names: (string | undefined)[][] = [];
    for await (const { PolicyRoles = [], PolicyUsers = [] } of paginateListEntitiesForPolicy(
      { client: owner, pageSize: 2 },
      { PolicyArn: policyArn },
    )) {
      names.push([...PolicyRoles.map(({ RoleName }) => RoleName), ...PolicyUsers.map(({ UserName }) => UserName)]);
    }
    assert.deepEqual(names, [["app", "alice"], ["batch"]]);
  });

  it("give an attached policy's permissions to the role's sessions, and take them away", async () => {
    const session = clientOf(cloud.cloud.assume(`${IAM}:role/app`, "lambda.amazonaws.com"));
    await assert.rejects(entities(policyArn, session), {
      name: "AccessDenied",
      message: new RegExp(`ListEntitiesForPolicy on ${policyArn}`),
    });
    await attach("app");
    await entities(policyArn, session);
    await detach("app");
    await assert.rejects(entities(policyArn, session), { name: "AccessDenied" });
    const refused = session.send(new AttachRolePolicyCommand({ RoleName: "nobody", PolicyArn: policyArn }));
    await assert.rejects(refused, { name: "AccessDenied", message: new RegExp(`AttachRolePolicy on ${IAM}:role/nobody`) });
    session.destroy();
  });

  it("refuse what does not exist, and more policies than a role can have", async () => {
    const missing = `${IAM}:policy/missing`;
    const refusals: [Promise<unknown>, string, string][] = [
      [entities(missing), "NoSuchEntityException", `Policy ${missing} was not found.`],
      [attach("app", missing), "NoSuchEntityException", `Policy ${missing} does not exist or is not attachable.`],
      [attach("nobody"), "NoSuchEntityException", "The role with name nobody cannot be found."],
      [detach("nobody"), "NoSuchEntityException", "The role with name nobody cannot be found."],
      [
        entities("list"),
        "ValidationError",
        "1 validation error detected: Value 'list' at 'policyArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
      ],
    ];
    for (const [call, name, message] of refusals) await assert.rejects(call, { name, message });
    for (let i = 0; i < 10; i++) await attach("app", await makePolicy(`policy-${i}`, "ListRoles"));
    await assert.rejects(attach("app"), { name: "LimitExceededException", message: "Cannot exceed quota for PoliciesPerRole: 10" });
  });

  it("refuse members that they do not know, by name", async () => {
    const filtered = owner.send(new ListEntitiesForPolicyCommand({ PolicyArn: policyArn, EntityFilter: "Role" }));
    await assert.rejects(filtered, { message: "the local iam does not know the member EntityFilter of ListEntitiesForPolicy" });
  });
});
