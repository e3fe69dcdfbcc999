import * as assert from "node:assert/strict";
import { type StackResource, stackResources } from "./support/stackResources";

type Inputs = StackResource["inputs"];
/** Names of a resource and of one that must outlive it. */
type Pair = [user: string, used: string];

const REGIONAL = "ap-southeast-1:123456789012";
const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const BUCKET = "aws:s3/bucket:Bucket";
const BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy";
/** What they name is used by others: by whoever has the role, or by the bucket's users. */
const DOCUMENTS = [ROLE, ROLE_POLICY, BUCKET_POLICY, "aws:sns/topicPolicy:TopicPolicy", "aws:iam/policy:Policy"];

/** Texts by which resources are named where they are used, in definitions, policies, environments and locations. */
const IDENTIFIERS: Record<string, (inputs: Inputs) => string[]> = {
  [ROLE]: ({ name }) => [`arn:aws:iam::123456789012:role/${String(name)}`],
  [BUCKET]: ({ bucket }) => [String(bucket)],
  "aws:s3/bucketObjectv2:BucketObjectv2": ({ bucket, key }) => [`${String(bucket)}/${String(key)}`],
  "aws:kinesis/stream:Stream": ({ name }) => [String(name)],
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => [String(name)],
  "aws:lambda/function:Function": ({ name }) => [`arn:aws:lambda:${REGIONAL}:function:${String(name)}`],
  "aws:athena/workgroup:Workgroup": ({ name }) => [String(name)],
  "aws:glue/catalogDatabase:CatalogDatabase": ({ name }) => [`arn:aws:glue:${REGIONAL}:database/${String(name)}`],
  "aws:glue/catalogTable:CatalogTable": ({ databaseName, name }) => [
    `arn:aws:glue:${REGIONAL}:table/${String(databaseName)}/${String(name)}`,
  ],
  "aws:glue/job:Job": ({ name }) => [`arn:aws:glue:${REGIONAL}:job/${String(name)}`],
  "aws:sfn/stateMachine:StateMachine": ({ name }) => [`arn:aws:states:${REGIONAL}:stateMachine:${String(name)}`],
  "aws:sns/topic:Topic": ({ name }) => [`arn:aws:sns:${REGIONAL}:${String(name)}`],
  "aws:cloudcontrol/resource:Resource": ({ typeName, desiredState }) => {
    if (typeName !== "AWS::Personalize::DatasetGroup") return [];
    const { Name } = desiredState as { Name: string };
    return [`dataset-group/${Name}`, `dataset/${Name}/INTERACTIONS`].map((resource) => `arn:aws:personalize:${REGIONAL}:${resource}`);
  },
};

/** Uses that no text shows, because they go by ids that a preview does not know, or by what a service does. */
const KNOWN: Pair[] = [
  ["acme-feed-delivery", "acme-feed-stream"],
  ["acme-feed-producer", "acme-feed-delivery"],
  ["acme-forwarder-mapping", "acme-feed-stream"],
  ["acme-forwarder-mapping", "acme-forwarder-function"],
  ["acme-forwarder-function", "acme-recommender-tracker"],
  ["acme-recommender-tracker", "acme-recommender-dataset"],
  ["acme-recommender-dataset", "acme-recommender-dataset-group"],
  ["acme-recommender-dataset", "acme-recommender-schema"],
  ["acme-catalog-events", "acme-catalog-database"],
  ["acme-pipeline-schedule", "acme-pipeline-state-machine"],
  ["acme-pipeline-state-machine", "acme-recommender-dataset"],
  ["acme-pipeline-state-machine", "acme-catalog-trainings"],
];
/** A part of what texts show: that these are found shows that the texts are read. */
const SHOWN: Pair[] = [
  ...["lake-upstream-bucket", "lake-downstream-policy", "recommender-dataset-group", "recommender-role", "recommender-role-policy"],
  ...["catalog-workgroup", "catalog-database", "catalog-events", "catalog-history", "catalog-descriptions", "catalog-interactions"],
  ...["export-history-function", "export-export-function", "pipeline-role-policy", "notices-topic"],
].map((used): Pair => ["acme-pipeline-state-machine", `acme-${used}`]);
SHOWN.push(
  ["acme-catalog-events", "acme-lake-upstream-bucket"],
  ["acme-catalog-interactions", "acme-lake-lake-bucket"],
  ["acme-catalog-workgroup", "acme-lake-cache-bucket"],
  ["acme-feed-delivery", "acme-lake-upstream-bucket"],
  ["acme-forwarder-function", "acme-lake-upstream-bucket"],
  ["acme-forwarder-function", "acme-feed-stream"],
  ["acme-export-export-function", "acme-lake-downstream-bucket"],
  ["acme-export-history-function", "acme-lake-upstream-bucket"],
  ["acme-export-history-function", "acme-lake-lake-bucket"],
);

/**
 * Resources that must be deleted before another is replaced, with the input that says so. Where a replacement deletes first (AWS's names
 * are fixed), Pulumi looks for its users only among the inputs that derive from it: https://www.pulumi.com/docs/iac/concepts/options/deletebeforereplace/
 */
const REPLACED_WITH: [user: string, input: string, used: string[]][] = [
  ["acme-recommender-tracker", "desiredState", ["acme-recommender-dataset", "acme-recommender-dataset-group"]],
  ["acme-recommender-dataset", "desiredState", ["acme-recommender-schema", "acme-recommender-dataset-group"]],
  ["acme-forwarder-mapping", "eventSourceArn", ["acme-feed-stream"]],
  ["acme-feed-delivery", "kinesisSourceConfiguration", ["acme-feed-stream"]],
  ["acme-feed-errors", "logGroupName", ["acme-feed-logs"]],
  ...["events", "history", "descriptions", "interactions", "trainings"].map((table): [string, string, string[]] => [
    `acme-catalog-${table}`,
    "databaseName",
    ["acme-catalog-database"],
  ]),
  ...["access", "ownership", "encryption", "versioning", "lifecycle", "policy", "logging"].map((part): [string, string, string[]] => [
    `acme-lake-upstream-${part}`,
    "bucket",
    ["acme-lake-upstream-bucket"],
  ]),
];

/** What every resource uses by name: by its own inputs, or by the policy of a role that it has or passes on. */
function usesOf(resources: readonly StackResource[]): Pair[] {
  const custom = resources.filter((resource) => resource.custom);
  const bucketPolicies = custom.filter(({ type }) => type === BUCKET_POLICY);
  const pairs = custom
    .filter(({ type }) => !DOCUMENTS.includes(type))
    .flatMap((user): Pair[] => {
      const own = JSON.stringify(user.inputs);
      const roles = custom.filter((one) => one.type === ROLE && (user.dependencies.includes(one.urn) || names(own, one)));
      const policies = custom.filter(({ type, inputs }) => type === ROLE_POLICY && roles.some((role) => role.inputs.name === inputs.role));
      const texts = [own, ...policies.map(({ inputs }) => JSON.stringify(inputs.policy))];
      const used = custom.filter((one) => one.urn !== user.urn && texts.some((text) => names(text, one)));
      // A bucket's users rely on its policy; its own settings do not.
      const ofBuckets = bucketPolicies.filter(
        ({ parent, inputs }) => parent !== user.parent && used.some((one) => one.type === BUCKET && one.inputs.bucket === inputs.bucket),
      );
      return [...used, ...roles, ...policies, ...ofBuckets].map(({ name }) => [user.name, name]);
    });
  return [...new Map(pairs.map((pair) => [pair.join(), pair])).values()];
}

function names(text: string, { type, inputs }: StackResource): boolean {
  const identifiers = IDENTIFIERS[type]?.(inputs) ?? [];
  const escaped = identifiers.map((identifier) => identifier.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return escaped.some((identifier) => new RegExp(`(?<![\\w-])${identifier}(?![\\w-])`).test(text));
}

/** The pairs that the dependency graph does not keep in order, in words. A resource depends on its parent too. */
function missingEdges(resources: readonly StackResource[], pairs: readonly Pair[]): string[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const reachable = (from: StackResource, found = new Set<StackResource>()): Set<StackResource> => {
    const next = [...from.dependencies, from.parent ?? ""].map((urn) => byUrn.get(urn));
    for (const resource of next) if (resource && !found.has(resource)) reachable(resource, found.add(resource));
    return found;
  };
  const called = (name: string): StackResource => {
    const found = resources.filter((resource) => resource.custom && resource.name === name);
    assert.equal(found.length, 1, name);
    return found[0];
  };
  const after = new Map<string, Set<StackResource>>();
  return pairs.flatMap(([user, used]) => {
    const outliving = after.get(user) ?? reachable(called(user));
    after.set(user, outliving);
    return outliving.has(called(used)) ? [] : [`${user} must be destroyed before ${used}`];
  });
}

describe("the dependencies of prod", () => {
  let resources: StackResource[];
  before(async function () {
    this.timeout(240_000);
    ({ resources } = await stackResources("prod"));
  });

  it("let nothing be destroyed before what uses it", () => {
    assert.deepEqual(missingEdges(resources, [...usesOf(resources), ...KNOWN]), []);
  });

  it("are checked for what definitions, policies, environments and locations name", () => {
    const found = new Set(usesOf(resources).map(String));
    assert.deepEqual(
      SHOWN.filter((pair) => !found.has(String(pair))),
      [],
    );
  });

  it("let nothing be replaced before what must be replaced with it", () => {
    const called = (name: string) => resources.filter((resource) => resource.custom && resource.name === name)[0];
    const missing = REPLACED_WITH.flatMap(([user, input, used]) => {
      const derivedFrom = called(user).propertyDependencies[input] ?? [];
      return used.filter((name) => !derivedFrom.includes(called(name).urn)).map((name) => `${user}: ${input} does not derive from ${name}`);
    });
    assert.deepEqual(missing, []);
  });

  it("would be reported by name if one was missing", () => {
    const without = (name: string) =>
      resources.map((resource) => (resource.name === name && !resource.custom ? { ...resource, dependencies: [] } : resource));
    const missing = missingEdges(without("acme-pipeline"), SHOWN);
    assert.ok(missing.includes("acme-pipeline-state-machine must be destroyed before acme-export-export-function"));
    assert.ok(missing.every((message) => message.startsWith("acme-pipeline-state-machine ")));
    assert.deepEqual(missingEdges(without("acme-catalog"), SHOWN), [
      "acme-catalog-events must be destroyed before acme-lake-upstream-bucket",
      "acme-catalog-interactions must be destroyed before acme-lake-lake-bucket",
      "acme-catalog-workgroup must be destroyed before acme-lake-cache-bucket",
    ]);
  });

  it("hold for the engine glue too", async function () {
    this.timeout(240_000);
    const byJob = (await stackResources("prod", { export: { engine: "glue" } })).resources;
    const uses = usesOf(byJob);
    const machine = "acme-pipeline-state-machine";
    for (const used of ["acme-export-export-job", "acme-lake-infra-bucket", "acme-export-export-script"]) {
      const user = used === "acme-export-export-job" ? machine : "acme-export-export-job";
      assert.ok(
        uses.some((pair) => String(pair) === `${user},${used}`),
        `${user} uses ${used}`,
      );
    }
    assert.deepEqual(missingEdges(byJob, uses), []);
  });
});
