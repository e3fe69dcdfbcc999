import * as assert from "node:assert/strict";
import { Recommender, type RecommenderArgs } from "../../../components/recommender/recommender";
import { CONTEXT, deploy, PERSONAL_CONTEXT, UNKNOWN } from "../../support/pulumiMocks";

const ARGS: RecommenderArgs = { context: CONTEXT };
const CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource";
const PARENT = "c360:recommender:Recommender r";
const TAGS = { tenant: "acme", stage: "dev", project: "c360-recommender" };
const TAG_LIST = [
  { Key: "tenant", Value: "acme" },
  { Key: "stage", Value: "dev" },
  { Key: "project", Value: "c360-recommender" },
];
const ARN = "arn:aws:personalize:ap-southeast-1:123456789012";
const MADE = ["r-dataset", "r-dataset-group", "r-schema", "r-tracker"];

function create(args: Partial<RecommenderArgs> = {}) {
  return () => {
    const { datasetGroupArn, datasetArn, trackingId } = new Recommender("r", { ...ARGS, ...args });
    return { datasetGroupArn, datasetArn, trackingId };
  };
}

function schemaOf(inputs: Record<string, unknown>) {
  const { Schema, ...rest } = JSON.parse(inputs.desiredState as string) as { Name: string; Schema: string };
  return { ...rest, Schema: JSON.parse(Schema) as { fields: { name: string; type: string }[] } };
}

describe("Recommender", () => {
  it("lets Personalize assume a role that reads its input and nothing else", async () => {
    const { get } = await deploy(create(), { preview: true });
    const role = get("aws:iam/role:Role", "r-role");
    assert.equal(role.parent, PARENT);
    assert.deepEqual(role.inputs, {
      name: "acme-c360-recommender-personalize-dev",
      tags: TAGS,
      forceDetachPolicies: true,
      assumeRolePolicy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "Assume",
            Effect: "Allow",
            Principal: { Service: "personalize.amazonaws.com" },
            Action: "sts:AssumeRole",
            Condition: { StringEquals: { "aws:SourceAccount": "123456789012" }, StringLike: { "aws:SourceArn": `${ARN}:*` } },
          },
        ],
      },
    });
    const rolePolicy = get("aws:iam/rolePolicy:RolePolicy", "r-role-policy");
    assert.equal(rolePolicy.parent, PARENT);
    assert.deepEqual(rolePolicy.inputs, {
      role: "acme-c360-recommender-personalize-dev",
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "ReadObjects",
            Effect: "Allow",
            Action: "s3:GetObject",
            Resource: ["arn:aws:s3:::acme-c360-downstream-dev/recommender/*"],
          },
          {
            Sid: "ListObjects",
            Effect: "Allow",
            Action: "s3:ListBucket",
            Resource: "arn:aws:s3:::acme-c360-downstream-dev",
            Condition: { StringLike: { "s3:prefix": ["recommender/*"] } },
          },
        ],
      },
    });
  });

  it("narrows a personal stage's role to its own prefix", async () => {
    const { get } = await deploy(create({ context: PERSONAL_CONTEXT }));
    const { Statement } = get("aws:iam/rolePolicy:RolePolicy", "r-role-policy").inputs.policy as { Statement: object[] };
    assert.deepEqual(Statement, [
      { Sid: "ReadObjects", Effect: "Allow", Action: "s3:GetObject", Resource: ["arn:aws:s3:::down/alice/recommender/*"] },
      {
        Sid: "ListObjects",
        Effect: "Allow",
        Action: "s3:ListBucket",
        Resource: "arn:aws:s3:::down",
        Condition: { StringLike: { "s3:prefix": ["alice/recommender/*"] } },
      },
    ]);
  });

  it("creates a schema, and a tagged dataset group, dataset and event tracker", async () => {
    const { get, names } = await deploy(create());
    assert.deepEqual(names(CLOUD_CONTROL), MADE);
    const desired = (name: string) => {
      const { inputs, parent } = get(CLOUD_CONTROL, name);
      return { typeName: inputs.typeName, parent, ...(JSON.parse(inputs.desiredState as string) as object) };
    };
    assert.deepEqual(desired("r-dataset-group"), {
      typeName: "AWS::Personalize::DatasetGroup",
      parent: PARENT,
      Name: "acme-c360-recommender-recommender-dev",
      Tags: TAG_LIST,
    });
    assert.deepEqual(desired("r-dataset"), {
      typeName: "AWS::Personalize::Dataset",
      parent: PARENT,
      Name: "acme-c360-recommender-interactions-dev",
      DatasetType: "Interactions",
      DatasetGroupArn: `${ARN}:r-dataset-group`,
      SchemaArn: `${ARN}:r-schema`,
      Tags: TAG_LIST,
    });
    assert.deepEqual(desired("r-tracker"), {
      typeName: "AWS::Personalize::EventTracker",
      parent: PARENT,
      Name: "acme-c360-recommender-tracker-dev",
      DatasetGroupArn: `${ARN}:r-dataset-group`,
      Tags: TAG_LIST,
    });
    const schema = get(CLOUD_CONTROL, "r-schema");
    assert.equal(schema.inputs.typeName, "AWS::Personalize::Schema");
    assert.equal(schema.parent, PARENT);
    assert.deepEqual(schemaOf(schema.inputs), {
      Name: "acme-c360-recommender-schema-c4c54-dev",
      Schema: {
        type: "record",
        name: "Interactions",
        namespace: "com.amazonaws.personalize.schema",
        fields: [
          { name: "USER_ID", type: "string" },
          { name: "ITEM_ID", type: "string" },
          { name: "TIMESTAMP", type: "long" },
          { name: "EVENT_TYPE", type: "string" },
        ],
        version: "1.0",
      },
    });
  });

  it("names the schema by its content", async () => {
    const { get } = await deploy(create({ interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"] }));
    const { Name, Schema } = schemaOf(get(CLOUD_CONTROL, "r-schema").inputs);
    assert.deepEqual(
      Schema.fields.map(({ name }) => name),
      ["USER_ID", "ITEM_ID", "TIMESTAMP"],
    );
    assert.match(Name, /^acme-c360-recommender-schema-[0-9a-f]{5}-dev$/);
    assert.notEqual(Name, "acme-c360-recommender-schema-c4c54-dev");
  });

  it("creates the tracker after the dataset, and gives its tracking id", async () => {
    const { get, outputs } = await deploy(create());
    assert.deepEqual(get(CLOUD_CONTROL, "r-tracker").dependencies, ["r-dataset", "r-dataset-group"]);
    assert.deepEqual(outputs, {
      datasetGroupArn: `${ARN}:r-dataset-group`,
      datasetArn: `${ARN}:r-dataset`,
      trackingId: "tracking-id-of-r-tracker",
    });
  });

  it("does not know the tracking id at a first preview", async () => {
    const { outputs } = await deploy(create(), { preview: true });
    assert.deepEqual(outputs, { datasetGroupArn: UNKNOWN, datasetArn: UNKNOWN, trackingId: UNKNOWN });
  });

  it("deletes before it replaces, and protects what holds data", async () => {
    const { get } = await deploy(create({ protect: true }));
    for (const name of MADE) {
      const { deleteBeforeReplace, replaceOnChanges, protect } = get(CLOUD_CONTROL, name);
      const expected = { deleteBeforeReplace: true, replaceOnChanges: ["desiredState"], protect: true };
      assert.deepEqual({ deleteBeforeReplace, replaceOnChanges, protect }, expected, name);
    }
    const open = await deploy(create());
    assert.ok(open.resources.every(({ protect }) => !protect));
  });

  it("lets consumers get recommendations from the campaign, and nothing else", async () => {
    const { get, names } = await deploy(create({ campaign: true }), { preview: true });
    assert.deepEqual(get("aws:iam/policy:Policy", "r-consumer").inputs, {
      name: "acme-c360-recommender-consumer-dev",
      policy: {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "GetRecommendations",
            Effect: "Allow",
            Action: "personalize:GetRecommendations",
            Resource: `${ARN}:campaign/acme-c360-recommender-campaign-dev`,
          },
        ],
      },
      tags: TAGS,
    });
    assert.equal(get("aws:iam/policy:Policy", "r-consumer").parent, PARENT);
    assert.deepEqual(names("aws:iam/policy:Policy"), ["r-consumer"]);
    assert.deepEqual((await deploy(create())).names("aws:iam/policy:Policy"), []);
  });

  it("adopts what was created by hand, and creates only the role", async () => {
    const existing = { datasetGroupArn: `${ARN}:dataset-group/g`, datasetArn: `${ARN}:dataset/g/INTERACTIONS`, trackingId: "by-hand" };
    const { resources, outputs } = await deploy(create({ existing, protect: true }), { preview: true });
    assert.deepEqual(
      resources.map(({ name }) => name),
      ["c360-recommender-dev", "r", "r-role", "r-role-policy"],
    );
    assert.deepEqual(outputs, existing);
  });
});
