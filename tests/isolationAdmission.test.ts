import * as assert from "node:assert/strict";
import { list, type Policy, type Statement, statements, trusts } from "@c360/local-aws";
import { admits, type Principal, principalsOf } from "./support/principals";
import type { StackResources } from "./support/stackResources";
import { bucketPoliciesOf, type Target, targetsOf } from "./support/targets";
import { twoTenants } from "./support/twoTenants";

const ACCOUNT = "123456789012";
const OTHER_ACCOUNT = "999999999999";
const SERVICES = ["firehose", "glue", "lambda", "logging.s3", "personalize", "s3", "scheduler", "states"].map(
  (service) => `${service}.amazonaws.com`,
);
const OBJECT_ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
const personalizeOf = (account: string) => `arn:aws:personalize:ap-southeast-1:${account}:dataset-import-job/job`;
const scheduleGroupOf = (account: string) => `arn:aws:scheduler:ap-southeast-1:${account}:schedule-group/default`;
const machineOf = (tenant: string, stage: string, account = ACCOUNT) =>
  `arn:aws:states:ap-southeast-1:${account}:stateMachine:${tenant}-c360-recommender-pipeline-${stage}`;

/** Types that may hold a policy, with the inputs that are one. */
const DOCUMENTS: Record<string, string> = {
  "aws:iam/role:Role": "assumeRolePolicy",
  "aws:iam/rolePolicy:RolePolicy": "policy",
  "aws:iam/policy:Policy": "policy",
  "aws:s3/bucketPolicy:BucketPolicy": "policy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
};

function trust(service: string, condition?: Statement["Condition"]): Policy {
  const statement = { Sid: "Assume", Effect: "Allow" as const, Principal: { Service: service }, Action: "sts:AssumeRole" };
  return { Version: "2012-10-17", Statement: [condition ? { ...statement, Condition: condition } : statement] };
}

/** Roles of functions, or of the job in a function's place: for them the service tells no account. */
const FUNCTIONS = ["forwarder", "history", "export"];

function trustOf({ role, tenant, stage }: Principal): Policy | undefined {
  if (role === "export" && tenant === "acme2") return trust("glue.amazonaws.com");
  if (FUNCTIONS.includes(role)) return trust("lambda.amazonaws.com");
  const own = { "aws:SourceAccount": ACCOUNT };
  const trusts: Record<string, Policy> = {
    delivery: trust("firehose.amazonaws.com", { StringEquals: { "sts:ExternalId": ACCOUNT } }),
    personalize: trust("personalize.amazonaws.com", {
      StringEquals: own,
      StringLike: { "aws:SourceArn": `arn:aws:personalize:ap-southeast-1:${ACCOUNT}:*` },
    }),
    pipeline: trust("states.amazonaws.com", { StringEquals: own, ArnLike: { "aws:SourceArn": machineOf(tenant, stage) } }),
    schedule: trust("scheduler.amazonaws.com", { StringEquals: { ...own, "aws:SourceArn": scheduleGroupOf(ACCOUNT) } }),
  };
  return trusts[role];
}

/** What is true when a service takes a role for something of an account. */
function requestOf({ role, tenant, stage }: Principal, account: string): Record<string, string> {
  const sources: Record<string, string> = {
    personalize: personalizeOf(account),
    pipeline: machineOf(tenant, stage, account),
    schedule: scheduleGroupOf(account),
  };
  const source = sources[role];
  return { "sts:ExternalId": account, "aws:SourceAccount": account, ...(source !== undefined && { "aws:SourceArn": source }) };
}

describe("who is let in, with two tenants in every kind of stage", () => {
  let stacks: StackResources[];
  let principals: Principal[];
  let targets: Target[];
  before(async () => {
    stacks = await twoTenants();
    principals = stacks.flatMap(principalsOf);
    const policies = new Map(stacks.flatMap(bucketPoliciesOf));
    targets = stacks.flatMap((stack) => targetsOf(stack, policies));
  });

  it("is decided by roles, their own policies, the producers' policy and bucket policies alone", () => {
    for (const { resources } of stacks) {
      for (const { type, name, inputs } of resources.filter(({ custom }) => custom)) {
        const holders = Object.keys(inputs).filter((key) => JSON.stringify(inputs[key] ?? null).includes('"Statement"'));
        assert.deepEqual(holders, DOCUMENTS[type] === undefined ? [] : [DOCUMENTS[type]], name);
        assert.ok(DOCUMENTS[type] !== undefined || !/^aws:iam|permission|attachment|grant|acl|accesspoint/i.test(type), `${type} ${name}`);
        if (type === "aws:iam/role:Role")
          assert.deepEqual(Object.keys(inputs).sort(), ["assumeRolePolicy", "forceDetachPolicies", "name", "tags"]);
      }
    }
  });

  it("names every allowed action in full", () => {
    const policies = [
      ...principals.flatMap((principal) => principal.policies),
      ...stacks.flatMap(bucketPoliciesOf).map(([, policy]) => policy),
    ];
    const allowed = policies.flatMap(statements).filter(({ Effect }) => Effect === "Allow");
    assert.deepEqual(
      allowed.flatMap(({ Action }) => list(Action)).filter((action) => !/^[a-z0-9]+:[A-Za-z]+$/.test(action)),
      [],
    );
  });

  it("lets one service alone assume each role, for this account", () => {
    for (const principal of principals) {
      const { role, trust: found } = principal;
      assert.deepEqual(found, trustOf(principal), role);
      if (found === undefined) continue;
      const named = statements(found).flatMap(({ Principal }) => (Principal === "*" ? ["*"] : list(Principal?.Service)));
      assert.deepEqual(
        SERVICES.filter((service) => trusts(found, service, requestOf(principal, ACCOUNT))),
        named,
      );
      assert.equal(
        SERVICES.some((service) => trusts(found, service, requestOf(principal, OTHER_ACCOUNT)) || trusts(found, service, {})),
        FUNCTIONS.includes(role),
        role,
      );
    }
  });

  it("lets a state machine take its own role alone", () => {
    const pipelines = principals.filter(({ role }) => role === "pipeline");
    const taken = pipelines.flatMap((machine) =>
      pipelines
        .filter((other) => other.trust && trusts(other.trust, "states.amazonaws.com", requestOf(machine, ACCOUNT)))
        .map((other) => [machine, other]),
    );
    assert.equal(taken.length, stacks.length * 2);
    assert.ok(taken.every(([machine, other]) => machine === other));
  });

  it("admits Personalize to downstream, below recommender/ of the stages that share it, and access logs to infra", () => {
    for (const { stack, outputs } of stacks) {
      for (const [tenant, { buckets }] of Object.entries(outputs.tenants as Record<string, { buckets: Record<string, string> }>)) {
        const own = targets.filter((target) => target.tenant === tenant && target.stage === stack && target.arn.startsWith("arn:aws:s3:"));
        const admitted = own.flatMap((target) => {
          const actions = "s3:prefix" in target.context ? ["s3:ListBucket"] : [...OBJECT_ACTIONS, "s3:ListBucket"];
          const sources = {
            personalize: { "aws:SourceAccount": ACCOUNT, "aws:SourceArn": personalizeOf(ACCOUNT) },
            logs: { "aws:SourceAccount": ACCOUNT, "aws:SourceArn": `arn:aws:s3:::${buckets.lake}` },
          };
          return SERVICES.flatMap((service) =>
            actions
              .filter((action) => Object.values(sources).some((source) => admits(service, action, target, source)))
              .map((action) => `${service} ${action} ${target.what}`),
          );
        });
        assert.deepEqual(
          admitted.sort(),
          [
            "logging.s3.amazonaws.com s3:PutObject infra s3_access/upstream/" + (/^alice/.test(stack) ? `${stack}/log` : "log"),
            ...["csv", "manifest.json"].map(
              (end) => `personalize.amazonaws.com s3:GetObject downstream recommender/personalize_input.${end}`,
            ),
            ...["", "personalize_input.csv", "personalize_input.manifest.json"].map(
              (prefix) => `personalize.amazonaws.com s3:ListBucket list downstream recommender/${prefix}`,
            ),
          ],
          `${tenant} ${stack}`,
        );
      }
    }
  });

  it("admits no request of another account, of another tenant's buckets or below a stage's prefix where no stages share", () => {
    const wrong: Record<string, string>[] = [
      { "aws:SourceAccount": OTHER_ACCOUNT, "aws:SourceArn": personalizeOf(OTHER_ACCOUNT) },
      { "aws:SourceAccount": ACCOUNT, "aws:SourceArn": personalizeOf(OTHER_ACCOUNT) },
      {},
    ];
    const buckets = new Map(targets.map(({ bucket, tenant }) => [bucket, tenant]));
    for (const target of targets) {
      const foreign = [...buckets].filter(([bucket, tenant]) => bucket !== undefined && tenant !== target.tenant);
      const logs = foreign.map(([bucket]) => ({ "aws:SourceAccount": ACCOUNT, "aws:SourceArn": `arn:aws:s3:::${bucket}` }));
      for (const source of [...wrong, ...logs]) {
        const admitted = SERVICES.filter((service) =>
          [...OBJECT_ACTIONS, "s3:ListBucket"].some((action) => admits(service, action, target, source)),
        );
        assert.deepEqual(admitted, [], `${target.tenant} ${target.stage} ${target.what} ${JSON.stringify(source)}`);
      }
    }
    const [staging] = targets.filter(({ what, stage }) => what === "downstream recommender/personalize_input.csv" && stage === "staging");
    const source = { "aws:SourceAccount": ACCOUNT, "aws:SourceArn": personalizeOf(ACCOUNT) };
    const below = { ...staging, arn: staging.arn.replace("/recommender/", "/alice/recommender/") };
    assert.deepEqual(
      [staging, below].map((target) => admits("personalize.amazonaws.com", "s3:GetObject", target, source)),
      [true, false],
    );
  });

  it("names in no bucket policy anything of another bucket's tenant", () => {
    for (const [bucket, policy] of stacks.flatMap(bucketPoliciesOf)) {
      const tenantsOf = new Map(targets.map((target) => [target.bucket, target.tenant]));
      const named = [...JSON.stringify(policy).matchAll(/arn:aws:s3:::([^/"*]+)/g)].map(([, name]) => tenantsOf.get(name));
      assert.ok(named.length > 0);
      assert.deepEqual(new Set(named), new Set([tenantsOf.get(bucket)]), bucket);
    }
  });
});
