import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import { Identities } from "../src/iam";
import { checkCondition, conditionsHold, matches } from "../src/iam/conditions";
import type { Identity } from "../src/iam/evaluate";
import { evaluate, trusts } from "../src/iam/evaluate";
import { parsePolicy } from "../src/iam/policy";
import type { Policy, Statement } from "../src/service";

const ACCOUNT = "123456789012";
const ROLE = `arn:aws:iam::${ACCOUNT}:role/reader`;
const OBJECT = { action: "s3:GetObject", resource: "arn:aws:s3:::lake/a/b.csv" };

const policy = (...statements: Statement[]): Policy => ({ Version: "2012-10-17", Statement: statements });
const allow = (Action: string | string[], Resource: string, more: Partial<Statement> = {}): Statement => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const role = (...policies: Policy[]): Identity => ({ arn: ROLE, account: ACCOUNT, owner: false, policies });
const owner: Identity = { arn: `arn:aws:iam::${ACCOUNT}:root`, account: ACCOUNT, owner: true, policies: [] };

describe("local IAM", () => {
  it("keeps every policy of a role, of those that have no name too", () => {
    const identities = new Identities({ account: ACCOUNT, region: "ap-southeast-1" });
    const trust = policy({ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" });
    identities.createRole({ name: "reader", assumeRolePolicy: trust });
    const ids = ["read", "write"].map((name) => {
      const inputs = { role: "reader", policy: policy(allow(`s3:${name}`, "*")) };
      return identities.putRolePolicy(inputs, `urn:pulumi:dev::shop::aws:iam/rolePolicy:RolePolicy::${name}`).id;
    });
    assert.equal(new Set(ids).size, 2);
    const { policies } = identities.identity(identities.assume(ROLE, "lambda.amazonaws.com"));
    assert.deepEqual(
      policies.flatMap(({ Statement }) => [Statement].flat().map(({ Action }) => Action)),
      ["s3:read", "s3:write"],
    );
  });

  it("allows a service what resource policies allow it, under the conditions of its requests", () => {
    const identities = new Identities({ account: ACCOUNT, region: "ap-southeast-1" });
    const source = { "aws:SourceArn": `arn:aws:personalize:ap-southeast-1:${ACCOUNT}:dataset-import-job/a` };
    const service = identities.identity(identities.service("personalize.amazonaws.com", source));
    const may = (Principal: Statement["Principal"], Condition?: Statement["Condition"]) => {
      const resourcePolicy = policy(allow("s3:GetObject", "*", { Principal, ...(Condition && { Condition }) }));
      return evaluate(service, { ...OBJECT, resourcePolicy }, {}).decision === "allow";
    };
    const named = { Service: "personalize.amazonaws.com" };
    assert.ok(may(named));
    assert.ok(may("*"));
    assert.ok(!may({ Service: "glue.amazonaws.com" }));
    assert.ok(!may({ AWS: "*" }));
    assert.ok(may(named, { StringEquals: { "aws:SourceAccount": ACCOUNT }, StringLike: { "aws:SourceArn": "arn:aws:personalize:*" } }));
    assert.ok(!may(named, { StringEquals: { "aws:SourceAccount": "210987654321" } }));
    assert.ok(!may(named, { StringLike: { "aws:SourceArn": "arn:aws:glue:*" } }));
    assert.equal(evaluate(service, OBJECT, {}).decision, "deny");
  });

  it("denies a call that no policy allows", () => {
    assert.deepEqual(evaluate(role(), OBJECT, {}), { decision: "deny", reason: "no policy allows it" });
    assert.equal(evaluate(role(policy(allow("s3:PutObject", "*"))), OBJECT, {}).decision, "deny");
    assert.equal(evaluate(role(policy(allow("s3:GetObject", "arn:aws:s3:::lake/other/*"))), OBJECT, {}).decision, "deny");
  });

  it("allows by wildcards of action, without regard to case, and of resource, with regard to it", () => {
    const allowed = (action: string, resource: string) => evaluate(role(policy(allow(action, resource))), OBJECT, {}).decision === "allow";
    assert.ok(allowed("s3:get*", "arn:aws:s3:::lake/*"));
    assert.ok(allowed("S3:GetObject", "arn:aws:s3:::l?ke/a/b.csv"));
    assert.ok(!allowed("s3:GetObject", "arn:aws:s3:::LAKE/*"));
    assert.ok(!allowed("s3:GetObject", "arn:aws:s3:::lake"));
  });

  it("lets an explicit denial win, even against the account's owner", () => {
    const tls = policy({
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: "*",
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
    const need = { ...OBJECT, resourcePolicy: tls };
    assert.deepEqual(evaluate(owner, need, { "aws:SecureTransport": "true" }), { decision: "allow", reason: "account owner" });
    assert.deepEqual(evaluate(owner, need, { "aws:SecureTransport": "false" }), { decision: "deny", reason: "explicit deny" });
  });

  it("lets a resource's policy admit the principals that it names", () => {
    const admits = (Principal: Statement["Principal"]) =>
      evaluate(role(), { ...OBJECT, resourcePolicy: policy({ ...allow("s3:GetObject", "arn:aws:s3:::lake/*"), Principal }) }, {});
    assert.deepEqual(admits({ AWS: ROLE }), { decision: "allow", reason: "resource policy" });
    assert.equal(admits({ Service: "personalize.amazonaws.com" }).decision, "deny");
    assert.equal(admits({ AWS: `arn:aws:iam::${ACCOUNT}:role/other` }).decision, "deny");
  });

  it("reads conditions as IAM does when their key is absent", () => {
    assert.ok(!conditionsHold({ StringLike: { "s3:prefix": "a/*" } }, {}));
    assert.ok(conditionsHold({ StringNotLike: { "s3:prefix": "a/*" } }, {}));
    assert.ok(conditionsHold({ StringLikeIfExists: { "s3:prefix": "a/*" } }, {}));
    assert.ok(conditionsHold({ StringLike: { "S3:Prefix": ["b", "a/*"] } }, { "s3:prefix": "a/x" }));
    assert.ok(!conditionsHold({ StringEquals: { k: "1" }, Bool: { b: "true" } }, { k: "1", b: "false" }));
  });

  it("assumes a role only if the trust policy names the service and its conditions hold", () => {
    const trust = policy({
      Effect: "Allow",
      Principal: { Service: "firehose.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: { StringEquals: { "sts:ExternalId": ACCOUNT } },
    });
    assert.ok(trusts(trust, "firehose.amazonaws.com", { "sts:ExternalId": ACCOUNT }));
    assert.ok(!trusts(trust, "firehose.amazonaws.com", {}));
    assert.ok(!trusts(trust, "lambda.amazonaws.com", { "sts:ExternalId": ACCOUNT }));
  });

  it("refuses by name what it cannot evaluate", () => {
    assert.throws(
      () => checkCondition("DateGreaterThan", "role r"),
      /^Error: role r: the local IAM does not know the condition operator DateGreaterThan$/,
    );
    const odd = { Statement: [{ Effect: "Allow", NotAction: "s3:*", Resource: "*" }] };
    assert.throws(() => parsePolicy(odd, "role r"), /^Error: role r: the local IAM does not know the policy element NotAction$/);
    assert.throws(
      () => parsePolicy({ Statement: [{ Effect: "allow", Action: "s3:*" }] }, "role r"),
      /Effect must be Allow or Deny, got allow/,
    );
    assert.throws(() => parsePolicy("{", "role r"), /^Error: role r: a policy must be JSON$/);
  });

  it("matches a text against itself, and wildcards against anything of their length", () => {
    const plain = fc.string().filter((text) => !/[*?]/.test(text));
    fc.assert(
      fc.property(plain, plain, (a, b) => matches(a, a) && matches(`${a}*${b}`, a + b) && matches(`${a}*`, a + b) && !matches(a, `${a}x`)),
    );
    fc.assert(fc.property(plain, fc.string({ minLength: 1, maxLength: 1, unit: "binary-ascii" }), (a, one) => matches(`${a}?`, a + one)));
  });
});
