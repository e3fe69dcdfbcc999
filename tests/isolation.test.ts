import * as assert from "node:assert/strict";
import { ON_SHARED_BUCKETS, ONLY_ON_STAR } from "../components/policies";
import { list, statements } from "../local/cloud/iam/policy";
import type { Statement } from "../local/cloud/service";
import { actionsOf, type Principal, principalsOf, reach } from "./support/principals";
import { bucketPoliciesOf, type Target, targetsOf } from "./support/targets";
import { twoTenants } from "./support/twoTenants";

const ON_STAR = Object.values(ONLY_ON_STAR).flat();
/** Stages whose buckets are the same. */
const SHARING = ["dev", "alice", "alice2"];

/** What each role can do to what its own tenant and stage have. */
const NEEDED: Record<string, Record<string, string[]>> = {
  producer: { "feed-stream": ["kinesis:PutRecord", "kinesis:PutRecords"] },
  delivery: {
    "feed-stream": ["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"],
    "feed-errors": ["logs:PutLogEvents"],
    "key of the stream": ["kms:Decrypt"],
    upstream: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
    "key of upstream": ["kms:Decrypt", "kms:GenerateDataKey"],
    ...Object.fromEntries(
      ["latest/2026/11/24/23/", "errors/processing-failed/"].flatMap((folder) => [
        [`upstream crm/dashboard_interaction/${folder}records`, ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]],
        [`key of upstream crm/dashboard_interaction/${folder}records`, ["kms:Decrypt", "kms:GenerateDataKey"]],
      ]),
    ),
    ...Object.fromEntries(
      ["latest/2026/11/24/23/", "errors/processing-failed/", "dead_letter/2026/11/24/", "history/"].map((folder) => [
        `list upstream crm/dashboard_interaction/${folder}`,
        ["s3:ListBucket"],
      ]),
    ),
    "list upstream aws/lambda/UUID/shardId-000000000000/2026/11/24/": ["s3:ListBucket"],
  },
  forwarder: {
    "feed-stream": [
      "kinesis:DescribeStream",
      "kinesis:DescribeStreamSummary",
      "kinesis:GetRecords",
      "kinesis:GetShardIterator",
      "kinesis:ListShards",
    ],
    "forwarder-logs stream": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "upstream crm/dashboard_interaction/dead_letter/2026/11/24/shardId-000000000000-1.ndjson": ["s3:PutObject"],
    "list upstream crm/dashboard_interaction/dead_letter/2026/11/24/": ["s3:ListBucket"],
    "upstream aws/lambda/UUID/shardId-000000000000/2026/11/24/batch": ["s3:PutObject"],
    "list upstream aws/lambda/UUID/shardId-000000000000/2026/11/24/": ["s3:ListBucket"],
  },
  personalize: {
    "downstream recommender/personalize_input.csv": ["s3:GetObject"],
    "list downstream recommender/": ["s3:ListBucket"],
  },
};

/** The listed exception by which a role may do something to what is not its own. */
function exception({ role, tenant, stage }: Principal, action: string, target: Target): string | undefined {
  if (role === "forwarder" && ON_STAR.includes(action)) return action;
  if (tenant !== target.tenant || !SHARING.includes(stage) || !SHARING.includes(target.stage)) return undefined;
  const { bucket, bucketKey, failedBatches } = ON_SHARED_BUCKETS;
  if (role === "delivery" && bucket.includes(action) && /^(list )?upstream\b/.test(target.what)) return `bucket ${action}`;
  if (role === "delivery" && bucketKey.includes(action) && target.what === "key of upstream") return `bucketKey ${action}`;
  const isFailedBatch = /^(list )?upstream /.test(target.what) && target.key?.startsWith(failedBatches.prefix) === true;
  return role === "forwarder" && failedBatches.actions.includes(action) && isFailedBatch ? `failedBatches ${action}` : undefined;
}

const isOwn = ({ tenant, stage }: Principal, target: Target) => target.tenant === tenant && target.stage === stage;

describe("two tenants in every kind of stage", () => {
  let principals: Principal[];
  let targets: Target[];
  let actions: string[];

  /** What a principal can do to others' without a listed exception, and the exceptions that it uses. */
  function trespass(principal: Principal, tried = actions) {
    const used = new Set<string>();
    const foreign = targets.filter((target) => !isOwn(principal, target));
    const found = reach(principal, tried, foreign).flatMap(({ action, target }) => {
      const name = exception(principal, action, target);
      if (name !== undefined) used.add(name);
      const { tenant, stage, role } = principal;
      return name === undefined ? [`${tenant} ${stage} ${role}: ${action} to ${target.tenant} ${target.stage} ${target.what}`] : [];
    });
    return { found, used };
  }

  before(async function () {
    this.timeout(240_000);
    const stacks = await twoTenants();
    const policies = new Map(stacks.flatMap(bucketPoliciesOf));
    targets = stacks.flatMap((stack) => targetsOf(stack, policies));
    principals = stacks.flatMap(principalsOf);
    const trusts = principals.flatMap(({ trust }) => trust ?? []);
    actions = actionsOf([...principals.flatMap((principal) => principal.policies), ...trusts, ...policies.values()]);
  });

  it("have four principals for each tenant and stage, with one policy each", () => {
    const found = principals.map(({ stage, tenant, role, policies }) => `${stage} ${tenant} ${role} ${policies.length}`);
    const expected = [...SHARING, "staging", "prod"].flatMap((stage) =>
      ["acme", "acme2"].flatMap((tenant) => Object.keys(NEEDED).map((role) => `${stage} ${tenant} ${role} 1`)),
    );
    assert.deepEqual(found.sort(), expected.sort());
  });

  it("give each role what it needs of its own, and no more", () => {
    const narrow = actions.filter((action) => !ON_STAR.includes(action));
    for (const principal of principals) {
      const own = targets.filter((target) => isOwn(principal, target));
      const found: Record<string, string[]> = {};
      for (const { action, target } of reach(principal, narrow, own)) (found[target.what] ??= []).push(action);
      assert.deepEqual(found, NEEDED[principal.role], `${principal.tenant} ${principal.stage} ${principal.role}`);
    }
  });

  it("let no role act on what is another's, but for the listed actions, all of which are used", () => {
    const all = principals.map((principal) => trespass(principal));
    assert.deepEqual(
      all.flatMap(({ found }) => found),
      [],
    );
    const used = new Set(all.flatMap((one) => [...one.used]));
    const { bucket, bucketKey, failedBatches } = ON_SHARED_BUCKETS;
    const listed = [
      ...ON_STAR,
      ...bucket.map((action) => `bucket ${action}`),
      ...bucketKey.map((action) => `bucketKey ${action}`),
      ...failedBatches.actions.map((action) => `failedBatches ${action}`),
    ];
    assert.deepEqual([...used].sort(), listed.sort());
  });

  /** Ways in which a statement may be too wide; none when it does not narrow in that way. */
  const WIDER: Record<string, (statement: Statement, stage: string) => Statement | undefined> = {
    "to everything": ({ Condition: _, ...rest }) => ({ ...rest, Resource: "*" }),
    "to tenants whose names go on": (statement) => widen(statement, /acme-c360-([\w-]+)/g, "acme*-c360-$1*"),
    "to every stage": (statement, stage) => widen(statement, new RegExp(`\\b${stage}\\b`, "g"), "*"),
    "by its conditions": ({ Condition, ...rest }) => (Condition ? rest : undefined),
  };

  for (const [how, change] of Object.entries(WIDER)) {
    it(`would show a statement that is too wide ${how}`, () => {
      const tried = principals
        .filter(({ tenant, stage }) => tenant === "acme" && stage === "alice")
        .flatMap((principal) =>
          principal.policies.flatMap(statements).flatMap((statement) => {
            const wide = statement.Resource === "*" ? undefined : change(statement, principal.stage);
            const name = `${principal.role} ${String(statement.Sid)}`;
            return wide ? [{ name, ...trespass({ ...principal, policies: [{ Statement: wide }] }, list(wide.Action)) }] : [];
          }),
        );
      assert.ok(tried.length >= 3, `${tried.length} statements`);
      assert.deepEqual(
        tried.filter(({ found }) => found.length === 0).map(({ name }) => name),
        [],
      );
    });
  }
});

function widen(statement: Statement, narrow: RegExp, wide: string): Statement | undefined {
  const resources = list(statement.Resource).map((resource) => resource.replace(narrow, wide));
  return resources.every((resource, i) => resource === list(statement.Resource)[i]) ? undefined : { ...statement, Resource: resources };
}
