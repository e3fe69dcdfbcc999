import { createHash } from "node:crypto";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { cloudControl, cloudControlTags } from "./cloudControl";
import { physicalName, type Scope, tagsOf } from "./naming";
import { personalizePolicy, personalizeTrust } from "./policies";

/** What was made by hand. */
export interface ExistingRecommender {
  datasetGroupArn: string;
  datasetArn: string;
  trackingId: string;
}

export interface RecommenderArgs {
  scope: Scope;
  /** Bucket that Personalize reads its input from, and where in it. */
  downstream: { name: string; keyPrefix: string };
  /** Columns of the interactions schema, in order; TIMESTAMP is a long, the others are strings. */
  interactionColumns: readonly string[];
  /** @default dataset group, schema, dataset and event tracker are made */
  existing?: ExistingRecommender;
  /** Refuses replacement: a new dataset has none of the events that were streamed into the old one. */
  protect: boolean;
}

/** A tenant's Personalize dataset group with its interactions dataset and event tracker. */
export class Recommender extends pulumi.ComponentResource {
  /** Role that Personalize assumes to read its input. */
  readonly role: aws.iam.Role;
  readonly datasetGroupArn: pulumi.Output<string>;
  readonly datasetArn: pulumi.Output<string>;
  readonly trackingId: pulumi.Output<string>;

  constructor(name: string, args: RecommenderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:recommender:Recommender", name, {}, opts);
    const { scope, downstream } = args;
    const parent = { parent: this };

    this.role = new aws.iam.Role(
      `${name}-role`,
      { name: physicalName("role", scope, "personalize"), assumeRolePolicy: personalizeTrust(scope), tags: tagsOf(scope) },
      parent,
    );
    new aws.iam.RolePolicy(
      `${name}-role-policy`,
      { role: this.role.name, policy: personalizePolicy(scope, { bucket: downstream.name, keyPrefix: downstream.keyPrefix }) },
      parent,
    );
    const parts = args.existing ?? this.create(name, args);

    this.datasetGroupArn = pulumi.output(parts.datasetGroupArn);
    this.datasetArn = pulumi.output(parts.datasetArn);
    this.trackingId = pulumi.output(parts.trackingId);
    this.registerOutputs({ datasetGroupArn: this.datasetGroupArn, datasetArn: this.datasetArn, trackingId: this.trackingId });
  }

  private create(name: string, { scope, interactionColumns, protect }: RecommenderArgs) {
    const Tags = cloudControlTags(tagsOf(scope));
    const options = { parent: this, protect };

    const datasetGroup = cloudControl(
      "AWS::Personalize::DatasetGroup",
      `${name}-dataset-group`,
      { Name: physicalName("datasetGroup", scope, "recommender"), Tags },
      options,
    );
    const Schema = interactionsSchema(interactionColumns);
    const schema = cloudControl(
      "AWS::Personalize::Schema",
      `${name}-schema`,
      { Name: physicalName("schema", scope, `schema-${shortHash(Schema)}`), Schema, Tags },
      options,
    );
    const dataset = cloudControl(
      "AWS::Personalize::Dataset",
      `${name}-dataset`,
      {
        Name: physicalName("dataset", scope, "interactions"),
        DatasetType: "Interactions",
        DatasetGroupArn: datasetGroup.id,
        SchemaArn: schema.id,
        Tags,
      },
      options,
    );
    const tracker = cloudControl(
      "AWS::Personalize::EventTracker",
      `${name}-tracker`,
      { Name: physicalName("eventTracker", scope, "tracker"), DatasetGroupArn: datasetGroup.id, Tags },
      { ...options, dependsOn: [dataset] },
    );
    const trackingId = pulumi.jsonParse(tracker.properties).apply((properties: { TrackingId: string }) => properties.TrackingId);
    return { datasetGroupArn: datasetGroup.id, datasetArn: dataset.id, trackingId };
  }
}

/** Avro schema as JSON: https://docs.aws.amazon.com/personalize/latest/dg/interactions-datasets.html */
function interactionsSchema(columns: readonly string[]): string {
  const fields = columns.map((name) => ({ name, type: name === "TIMESTAMP" ? "long" : "string" }));
  return JSON.stringify({ type: "record", name: "Interactions", namespace: "com.amazonaws.personalize.schema", fields, version: "1.0" });
}

/** Five hexadecimal digits, so that the name fits for every tenant and stage. */
function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 5);
}
