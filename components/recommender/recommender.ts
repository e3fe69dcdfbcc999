import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { cloudControl, cloudControlTags } from "../shared/cloudControl";
import { INTERACTION_COLUMNS, interactionsSchema } from "../shared/interactions";
import { physicalName } from "../shared/naming";
import { serviceRole } from "../shared/serviceRole";
import { arnsOf, type AwsContext } from "../shared/tenantContext";
import { personalizePolicy, personalizeTrust, recommendationsPolicy } from "./recommenderPolicies";
import {
  type ExistingRecommender,
  type RecommenderResources,
  recommenderResources,
  type RecommenderResourcesArgs,
} from "./recommenderResources";

export interface RecommenderArgs extends RecommenderResourcesArgs {
  /**
   * Columns of the interactions schema, in order; TIMESTAMP is a long, the others are strings.
   *
   * @default USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE
   */
  interactionColumns?: readonly string[];
  /** Whether replacement is refused: a new dataset has none of the events that were streamed into the old one. @default false */
  protect?: boolean;
}

/** What was created, or adopted. */
interface Parts {
  datasetGroupArn: pulumi.Input<string>;
  datasetArn: pulumi.Input<string>;
  trackingId: pulumi.Input<string>;
  schemaName?: string;
}

/** A tenant's Personalize dataset group with its interactions dataset and event tracker. */
export class Recommender extends pulumi.ComponentResource {
  readonly datasetGroupArn: pulumi.Output<string>;
  readonly datasetArn: pulumi.Output<string>;
  readonly trackingId: pulumi.Output<string>;
  /** Physical name; undefined for resources that were created by hand. */
  readonly schemaName?: string;
  /** What the pipeline imports into, trains and deploys. */
  readonly resources: RecommenderResources;
  /** Managed policy for consumers of recommendations; undefined without a campaign. */
  readonly recommendationsPolicy?: aws.iam.Policy;

  /** @throws RunError when `existing` belongs to another account or region */
  constructor(name: string, args: RecommenderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:recommender:Recommender", name, args, opts);
    const { context, existing } = args;
    const parent = { parent: this };

    serviceRole(
      `${name}-role`,
      { context, purpose: "personalize", trust: personalizeTrust(context), policy: personalizePolicy(context) },
      parent,
    );
    const parts = existing ? adopt(name, context, existing) : this.create(name, args);

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

  private create(name: string, args: RecommenderArgs): Parts {
    const { context, interactionColumns = INTERACTION_COLUMNS, protect = false } = args;
    const Tags = cloudControlTags(context.tags);
    const options = { parent: this, protect };

    const datasetGroup = cloudControl(
      "AWS::Personalize::DatasetGroup",
      `${name}-dataset-group`,
      { Name: physicalName("datasetGroup", context, "recommender"), Tags },
      options,
    );
    const { name: schemaName, text: Schema } = interactionsSchema(context, interactionColumns);
    const schema = cloudControl("AWS::Personalize::Schema", `${name}-schema`, { Name: schemaName, Schema }, options);
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
    // A tracker must be deleted before its dataset, so its desired state derives from the dataset's id too.
    const DatasetGroupArn = pulumi.all([datasetGroup.id, dataset.id]).apply(([group]) => group);
    const tracker = cloudControl(
      "AWS::Personalize::EventTracker",
      `${name}-tracker`,
      { Name: physicalName("eventTracker", context, "tracker"), DatasetGroupArn, Tags },
      options,
    );
    const trackingId = pulumi.jsonParse(tracker.properties).apply((properties: { TrackingId: string }) => properties.TrackingId);
    return { datasetGroupArn: datasetGroup.id, datasetArn: dataset.id, trackingId, schemaName };
  }
}

/** @throws RunError when the resources are of another account or region: roles, policies and PutEvents stay within the stack's */
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
