import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { cloudControl, cloudControlTags } from "../shared/cloudControl";
import { interactionsSchema } from "./interactionsSchema";
import { physicalName } from "../shared/naming";
import { personalizePolicy, personalizeTrust, recommendationsPolicy } from "../shared/policies";
import { arnsOf, type AwsContext } from "../shared/tenantContext";
import {
  type ExistingRecommender,
  type RecommenderResources,
  recommenderResources,
  type RecommenderResourcesArgs,
} from "./recommenderResources";

/** What a recommender is made of, or adopts. */
interface Parts {
  datasetGroupArn: pulumi.Input<string>;
  datasetArn: pulumi.Input<string>;
  trackingId: pulumi.Input<string>;
  schemaName?: string;
}

export interface RecommenderArgs extends RecommenderResourcesArgs {
  /** Columns of the interactions schema, in order; TIMESTAMP is a long, the others are strings. */
  interactionColumns: readonly string[];
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
  /** Physical name; undefined for what was made by hand. */
  readonly schemaName?: string;
  /** What the pipeline imports into, trains and deploys. */
  readonly resources: RecommenderResources;
  /** Lets whoever has it ask the campaign for recommendations; undefined without a campaign. */
  readonly recommendationsPolicy?: aws.iam.Policy;

  constructor(name: string, args: RecommenderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:recommender:Recommender", name, {}, opts);
    const { context } = args;
    const parent = { parent: this };

    this.role = new aws.iam.Role(
      `${name}-role`,
      { name: physicalName("role", context, "personalize"), assumeRolePolicy: personalizeTrust(context), tags: context.tags },
      parent,
    );
    new aws.iam.RolePolicy(`${name}-role-policy`, { role: this.role.name, policy: personalizePolicy(context) }, parent);
    const parts = args.existing ? adopt(name, context, args.existing) : this.create(name, args);

    this.datasetGroupArn = pulumi.output(parts.datasetGroupArn);
    this.datasetArn = pulumi.output(parts.datasetArn);
    this.trackingId = pulumi.output(parts.trackingId);
    this.schemaName = parts.schemaName;
    this.resources = recommenderResources(args);
    if (this.resources.campaign) {
      this.recommendationsPolicy = new aws.iam.Policy(
        `${name}-consumer`,
        {
          name: physicalName("policy", context, "consumer"),
          policy: recommendationsPolicy(this.resources.campaign.arn),
          tags: context.tags,
        },
        parent,
      );
    }
    this.registerOutputs({ datasetGroupArn: this.datasetGroupArn, datasetArn: this.datasetArn, trackingId: this.trackingId });
  }

  private create(name: string, { context, interactionColumns, protect }: RecommenderArgs): Parts {
    const Tags = cloudControlTags(context.tags);
    const options = { parent: this, protect };

    const datasetGroup = cloudControl(
      "AWS::Personalize::DatasetGroup",
      `${name}-dataset-group`,
      { Name: physicalName("datasetGroup", context, "recommender"), Tags },
      options,
    );
    const { name: schemaName, text: Schema } = interactionsSchema(context, interactionColumns);
    const schema = cloudControl("AWS::Personalize::Schema", `${name}-schema`, { Name: schemaName, Schema, Tags }, options);
    const dataset = cloudControl(
      "AWS::Personalize::Dataset",
      `${name}-dataset`,
      {
        Name: physicalName("dataset", context, "interactions"),
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
      { Name: physicalName("eventTracker", context, "tracker"), DatasetGroupArn: datasetGroup.id, Tags },
      { ...options, dependsOn: [dataset] },
    );
    const trackingId = pulumi.jsonParse(tracker.properties).apply((properties: { TrackingId: string }) => properties.TrackingId);
    return { datasetGroupArn: datasetGroup.id, datasetArn: dataset.id, trackingId, schemaName };
  }
}

/** @throws RunError when the parts are of another account or region: roles, policies and PutEvents stay within the stack's */
function adopt(name: string, context: AwsContext, existing: ExistingRecommender): Parts {
  const own = arnsOf(context).anyPersonalize().slice(0, -1);
  for (const key of ["datasetGroupArn", "datasetArn"] as const) {
    if (existing[key].startsWith(own)) continue;
    throw new pulumi.RunError(
      `Recommender "${name}": recommender.existing.${key} must be of the stack's account and region (${own}...), got ${JSON.stringify(existing[key])}`,
    );
  }
  return existing;
}
