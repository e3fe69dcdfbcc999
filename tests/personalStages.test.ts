import * as assert from "node:assert/strict";
import type { Policy } from "../components/policies";
import { list } from "../local/cloud/iam/policy";
import type { Json } from "../local/cloud/service";
import { previewCommand } from "./support/previewCommand";
import { deployedStacks, type StackResource, type StackResources } from "./support/stackResources";

const TENANTS = ["acme", "bolt"];
const CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource";
/** The one prefix that AWS fixes: Lambda keeps discarded batches below it, under the event source mapping's own id. */
const OF_LAMBDA = "aws/lambda/";

/** Every name that AWS sees, by kind, for kinds have namespaces of their own; a log stream's name counts within its group. */
function identifiers({ type, inputs, id, state }: StackResource): string[] {
  if (type === CLOUD_CONTROL) {
    const { Name } = inputs.desiredState as Json;
    return [Name as string, id].map((name) => `${String(inputs.typeName)} ${name}`);
  }
  if (type.endsWith(":LogStream")) return [`${type} ${String(inputs.logGroupName)}:${String(inputs.name)}`];
  const names = [id, state.arn, state.name, state.bucket, state.uuid].filter((name) => typeof name === "string");
  return [...new Set(names)].map((name) => `${type} ${name}`);
}

/** `<bucket>/<prefix>` of every object that a role may read or write, or list. */
function permittedPrefixes({ inputs }: StackResource): string[] {
  return (inputs.policy as Policy).Statement.flatMap(({ Resource, Condition }) => {
    const buckets = list(Resource).flatMap((arn) => /^arn:aws:s3:::(.+)$/.exec(arn)?.[1] ?? []);
    const listed = Object.values(Condition ?? {}).flatMap((keys) => list(keys["s3:prefix"]));
    return [...buckets.filter((path) => path.includes("/")), ...buckets.flatMap((bucket) => listed.map((prefix) => `${bucket}/${prefix}`))];
  }).map((pattern) => pattern.replace(/\*$/, ""));
}

/** `<bucket>/<prefix>` of every object that a stack's roles, delivery streams and functions read or write. */
function prefixes({ resources }: StackResources): string[] {
  const bucketOf = (arn: unknown) => String(arn).replace("arn:aws:s3:::", "");
  return resources.flatMap((resource) => {
    const { type, inputs } = resource;
    if (type === "aws:iam/rolePolicy:RolePolicy") return permittedPrefixes(resource);
    if (type === "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream") {
      const { bucketArn, prefix, errorOutputPrefix } = inputs.extendedS3Configuration as Record<string, string>;
      return [prefix, errorOutputPrefix].map((path) => `${bucketOf(bucketArn)}/${path.split("!{")[0]}`);
    }
    if (type === "aws:lambda/function:Function") {
      const { variables } = inputs.environment as { variables: Record<string, string> };
      assert.ok(variables.DEAD_LETTER_BUCKET && variables.DEAD_LETTER_PREFIX, Object.keys(variables).join());
      return [`${variables.DEAD_LETTER_BUCKET}/${variables.DEAD_LETTER_PREFIX}`];
    }
    return [];
  });
}

describe("dev and a personal stage", () => {
  let dev: StackResources;
  let alice: StackResources;
  before(async () => {
    [dev, alice] = await deployedStacks({ dev: { tenants: TENANTS }, alice: { tenants: TENANTS } });
  });

  it("share no name, id or ARN", () => {
    const named = ({ resources }: StackResources) => resources.filter(({ custom }) => custom).map(identifiers);
    assert.ok(named(alice).every((names) => names.length > 0));
    const ofDev = new Set(named(dev).flat());
    const ofAlice = named(alice).flat();
    assert.equal(new Set(ofAlice).size, ofAlice.length);
    assert.deepEqual(
      ofAlice.filter((name) => ofDev.has(name)),
      [],
    );
    for (const kind of ["Role", "Policy", "Stream", "FirehoseDeliveryStream", "Function", "EventSourceMapping", "LogGroup", "LogStream"]) {
      assert.ok(ofAlice.filter((name) => name.split(" ")[0].endsWith(`:${kind}`)).length >= TENANTS.length, kind);
    }
    for (const kind of ["DatasetGroup", "Schema", "Dataset", "EventTracker"]) {
      assert.equal(ofAlice.filter((name) => name.startsWith(`AWS::Personalize::${kind} `)).length, 2 * TENANTS.length, kind);
    }
  });

  it("share no key, but for the prefix that Lambda fixes", () => {
    const [ofDev, ofAlice] = [dev, alice].map((stack) => [...new Set(prefixes(stack))].sort());
    const expected = (stage: string) =>
      TENANTS.flatMap((tenant) => [
        `${tenant}-c360-downstream-dev/${stage}recommender/`,
        ...["dead_letter", "errors", "latest"].map((kind) => `${tenant}-c360-upstream-dev/${stage}crm/dashboard_interaction/${kind}/`),
        `${tenant}-c360-upstream-dev/${OF_LAMBDA}`,
      ]).sort();
    assert.deepEqual([ofDev, ofAlice], [expected(""), expected("alice/")]);
    const meets = (one: string, other: string) => one.startsWith(other) || other.startsWith(one);
    const shared = ofDev.filter((one) => ofAlice.some((other) => meets(one, other)));
    assert.deepEqual(
      shared,
      TENANTS.map((tenant) => `${tenant}-c360-upstream-dev/${OF_LAMBDA}`),
    );
  });
});

describe("the preview of a personal stage", () => {
  it("makes nothing of a bucket, asks for nothing and knows every policy", async () => {
    const { code, errors, resources } = await previewCommand(["--stack", "alice"]);
    assert.deepEqual([code, errors], [0, []]);
    assert.deepEqual(
      resources().filter(({ type }) => type.startsWith("aws:s3/") || type.endsWith(":ZoneBucket")),
      [],
    );
    const policies = resources().flatMap(({ inputs }) => [inputs.policy, inputs.assumeRolePolicy].filter(Boolean));
    assert.equal(policies.length, 3 + 3 + 1);
    assert.doesNotMatch(JSON.stringify(policies), /null/);
  });
});
