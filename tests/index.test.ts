import * as assert from "node:assert/strict";
import { ONLY_ON_STAR, type Policy } from "../components/shared/policies";
import { type Deployment, deploy, type Registered, UNKNOWN } from "./support/pulumiMocks";

const TENANTS = { "c360-recommender:tenants": ["acme"] };
const UNTAGGED = [
  "aws:cloudwatch/logStream:LogStream",
  "aws:glue/catalogTable:CatalogTable",
  "aws:scheduler/schedule:Schedule",
  "aws:iam/rolePolicy:RolePolicy",
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  "aws:s3/bucketLogging:BucketLogging",
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
  "aws:s3/bucketPolicy:BucketPolicy",
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  "aws:s3/bucketVersioning:BucketVersioning",
  "aws:sns/topicPolicy:TopicPolicy",
  "AWS::Personalize::Schema",
];

async function program(): Promise<unknown> {
  const main = (await import("..")) as unknown as () => Promise<unknown>;
  return main();
}

function policiesOf({ custom, inputs }: Registered): Policy[] {
  if (!custom) return [];
  return [inputs.policy, inputs.assumeRolePolicy].filter((document) => document !== undefined) as Policy[];
}

function tagsOf({ type, inputs }: Registered): unknown {
  if (type !== "aws:cloudcontrol/resource:Resource") return inputs.tags;
  const { Tags } = JSON.parse(inputs.desiredState as string) as { Tags: { Key: string; Value: string }[] };
  return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
}

function countByType({ resources }: Deployment): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of resources) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Every name that AWS sees, with its kind, because kinds have namespaces of their own. */
function physicalNames({ resources }: Deployment): string[] {
  return resources.flatMap(({ type, inputs, custom }) => {
    if (!custom || UNTAGGED.includes(type)) return [];
    if (type === "aws:cloudcontrol/resource:Resource") {
      return [`${inputs.typeName as string} ${(JSON.parse(inputs.desiredState as string) as { Name: string }).Name}`];
    }
    const name = (type.endsWith(":Bucket") ? inputs.bucket : inputs.name) as string | undefined;
    return name === undefined ? [] : [`${type} ${name}`];
  });
}

describe("the program", () => {
  const byStage: Record<string, Deployment> = {};
  let preview: Deployment;
  let two: Deployment;
  before(async () => {
    for (const stack of ["dev", "staging", "prod", "alice"]) byStage[stack] = await deploy(program, { stack, config: TENANTS });
    preview = await deploy(program, { stack: "prod", config: TENANTS, preview: true });
    two = await deploy(program, { config: { "c360-recommender:tenants": ["acme", "bolt"] } });
  });

  it("creates exactly these resources", () => {
    const made = {
      "pulumi:pulumi:Stack": 1,
      "c360:lake:DataLake": 1,
      "c360:lake:ZoneBucket": 5,
      "c360:lake:Catalog": 1,
      "c360:events:EventFeed": 1,
      "c360:events:EventForwarder": 1,
      "c360:recommender:Recommender": 1,
      "c360:export:InteractionExport": 1,
      "c360:notices:Notices": 1,
      "c360:pipeline:Pipeline": 1,
      "c360:shared:LambdaFunction": 3,
      "aws:s3/bucket:Bucket": 5,
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 5,
      "aws:s3/bucketLogging:BucketLogging": 4,
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 5,
      "aws:s3/bucketPolicy:BucketPolicy": 5,
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 5,
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 5,
      "aws:s3/bucketVersioning:BucketVersioning": 5,
      "aws:kinesis/stream:Stream": 1,
      "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": 1,
      "aws:cloudwatch/logGroup:LogGroup": 5,
      "aws:cloudwatch/logStream:LogStream": 1,
      "aws:iam/role:Role": 6,
      "aws:iam/rolePolicy:RolePolicy": 6,
      "aws:iam/policy:Policy": 1,
      "aws:lambda/function:Function": 3,
      "aws:glue/catalogDatabase:CatalogDatabase": 1,
      "aws:glue/catalogTable:CatalogTable": 5,
      "aws:athena/workgroup:Workgroup": 1,
      "aws:sfn/stateMachine:StateMachine": 1,
      "aws:sns/topic:Topic": 1,
      "aws:sns/topicPolicy:TopicPolicy": 1,
      "aws:lambda/eventSourceMapping:EventSourceMapping": 1,
      "aws:cloudcontrol/resource:Resource": 4,
    };
    const policies = { "aws:iam/role:Role": 7, "aws:iam/rolePolicy:RolePolicy": 7, "aws:iam/policy:Policy": 2 };
    const scheduled = { ...made, ...policies, "aws:scheduler/schedule:Schedule": 1 };
    assert.deepEqual(countByType(byStage.dev), made);
    for (const stack of ["staging", "prod"]) assert.deepEqual(countByType(byStage[stack]), scheduled, stack);
    const adopted = Object.entries(made).filter(([type]) => !type.includes("s3") && type !== "c360:lake:ZoneBucket");
    assert.deepEqual(countByType(byStage.alice), Object.fromEntries(adopted));
  });

  it("registers no type and name twice", () => {
    for (const { resources } of [...Object.values(byStage), two]) {
      const names = resources.map(({ type, name }) => `${type} ${name}`);
      assert.deepEqual(
        names.filter((name, i) => names.indexOf(name) !== i),
        [],
      );
    }
  });

  it("registers components below the stack, and every resource below a component", () => {
    for (const { type, name, parent } of byStage.prod.resources) {
      if (type === "pulumi:pulumi:Stack") continue;
      const isTop = /^c360:/.test(type) && !["c360:lake:ZoneBucket", "c360:shared:LambdaFunction"].includes(type);
      assert.match(parent, isTop ? /^pulumi:pulumi:Stack / : /^c360:/, `${type} ${name}`);
    }
  });

  it("tags every taggable resource", () => {
    for (const [stage, { resources }] of Object.entries(byStage)) {
      const taggable = ({ custom, type, inputs }: Registered) =>
        custom && !UNTAGGED.includes((inputs.typeName as string | undefined) ?? type);
      for (const resource of resources.filter(taggable)) {
        assert.deepEqual(tagsOf(resource), { tenant: "acme", stage, project: "c360-recommender" }, resource.name);
      }
    }
  });

  it("shows every policy in full at the first preview", () => {
    const documents = preview.resources.flatMap(policiesOf);
    assert.equal(documents.length, 5 + 1 + 7 + 7 + 2);
    assert.ok(!JSON.stringify(documents).includes(UNKNOWN));
    const texts = (policies: Policy[]) => policies.map((document) => JSON.stringify(document)).sort();
    assert.deepEqual(texts(documents), texts(byStage.prod.resources.flatMap(policiesOf)));
  });

  it("allows no action by wildcard, and only those on all resources that support no narrower one", () => {
    const starred = Object.values(ONLY_ON_STAR).flat();
    for (const { Statement } of two.resources.flatMap(policiesOf)) {
      for (const { Effect, Action, Resource } of Statement) {
        if (Effect === "Deny") continue;
        for (const action of [Action].flat()) {
          assert.ok(!action.includes("*"), action);
          if ([Resource].flat().includes("*")) assert.ok(starred.includes(action), action);
        }
      }
    }
  });

  it("gives every role one policy, and creates what uses a role after that", () => {
    const { resources, names } = byStage.prod;
    assert.deepEqual(names("aws:iam/role:Role"), [
      ...["acme-export-export-role", "acme-export-history-role", "acme-feed-role", "acme-forwarder-role"],
      ...["acme-pipeline-role", "acme-pipeline-schedule-role", "acme-recommender-role"],
    ]);
    for (const role of names("aws:iam/role:Role")) {
      const users = resources.filter(
        ({ custom, dependencies, type }) => custom && dependencies.includes(role) && type !== "aws:iam/rolePolicy:RolePolicy",
      );
      // Personalize's role is used by name alone.
      assert.equal(users.length > 0, role !== "acme-recommender-role", role);
      for (const { name, dependencies } of users) assert.ok(dependencies.includes(`${role}-policy`), name);
    }
  });

  it("protects what holds data outside dev", () => {
    const kept = ({ resources }: Deployment) => resources.filter(({ protect }) => protect).map(({ name }) => name);
    const data = [
      ...["cache", "downstream", "infra", "lake", "upstream"].map((zone) => `acme-lake-${zone}-bucket`),
      ...["dataset", "dataset-group", "schema", "tracker"].map((part) => `acme-recommender-${part}`),
      "acme-feed-delivery",
    ].sort();
    assert.deepEqual(kept(byStage.prod).sort(), data);
    assert.deepEqual(kept(byStage.staging).sort(), data);
    assert.deepEqual(kept(byStage.dev), []);
    const emptied = ({ resources }: Deployment) => resources.filter(({ custom, inputs }) => custom && inputs.forceDestroy === true).length;
    assert.deepEqual([byStage.dev, byStage.staging, byStage.prod].map(emptied), [5 + 1, 1, 1]);
  });

  it("gives the outputs that others rely on", () => {
    assert.deepEqual(byStage.prod.outputs, {
      tenants: {
        acme: {
          buckets: {
            upstream: "acme-c360-upstream",
            lake: "acme-c360-lake",
            downstream: "acme-c360-downstream",
            infra: "acme-c360-infra",
            cache: "acme-c360-cache",
          },
          lake: "create",
          streamName: "acme-c360-recommender-stream-prod",
          streamArn: "arn:aws:kinesis:ap-southeast-1:123456789012:stream/acme-c360-recommender-stream-prod",
          streamMode: "provisioned",
          shards: 5,
          deliveryStreamName: "acme-c360-recommender-delivery-prod",
          functionName: "acme-c360-recommender-forwarder-prod",
          trackingId: "tracking-id-of-acme-recommender-tracker",
          producerPolicyArn: "arn:aws:iam::123456789012:policy/acme-c360-recommender-producer-prod",
          schemaName: "acme-c360-recommender-schema-c4c54-prod",
          recommenderProtected: true,
          interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
          database: "acme_crm_derived_restricted",
          workgroupName: "acme-c360-recommender-athena-prod",
          stateMachineArn: "arn:aws:states:ap-southeast-1:123456789012:stateMachine:acme-c360-recommender-pipeline-prod",
          noticesTopicArn: "arn:aws:sns:ap-southeast-1:123456789012:acme-c360-recommender-notices-prod",
          campaignArn: "arn:aws:personalize:ap-southeast-1:123456789012:campaign/acme-c360-recommender-campaign-prod",
          recommendationsPolicyArn: "arn:aws:iam::123456789012:policy/acme-c360-recommender-consumer-prod",
        },
      },
    });
  });

  it("keeps two tenants, and the stages that share buckets, apart", () => {
    assert.deepEqual(Object.keys(two.outputs.tenants as object), ["acme", "bolt"]);
    for (const names of [physicalNames(two), [...physicalNames(byStage.dev), ...physicalNames(byStage.alice)]]) {
      assert.equal(new Set(names).size, names.length);
    }
    const ofBolt = two.resources.filter(({ name }) => name.startsWith("bolt-"));
    assert.equal(ofBolt.length, byStage.dev.resources.length - 1);
    assert.ok(ofBolt.every((resource) => !JSON.stringify(policiesOf(resource)).includes("acme")));
    const variables = byStage.alice.get("aws:lambda/function:Function", "acme-forwarder-function").inputs.environment;
    const prefix = "alice/crm/dashboard_interaction/dead_letter/";
    assert.equal((variables as { variables: Record<string, string> }).variables.DEAD_LETTER_PREFIX, prefix);
  });

  it("stops at an invalid setting", async () => {
    const wrong = deploy(program, { config: { ...TENANTS, "c360-recommender:delivery": { sizeMiB: 500 } } });
    await assert.rejects(wrong, { message: "config c360-recommender:delivery.sizeMiB must be a whole number from 1 to 128, got 500" });
  });

  it("fails with a resource that cannot be created", async () => {
    await assert.rejects(deploy(program, { config: TENANTS, fails: "acme-feed-role" }), { message: "acme-feed-role cannot be made" });
  });
});
