import { admitPersonalize } from "../../components/dataLake/bucketPolicies";
import { Catalog } from "../../components/catalog/catalog";
import { InteractionExport, type InteractionExportArgs } from "../../components/interactionExport/interactionExport";
import { INTERACTION_COLUMNS, interactionsSchema } from "../../components/shared/interactions";
import { Notices } from "../../components/notices/notices";
import { Pipeline, type PipelineArgs } from "../../components/pipeline/pipeline";
import { physicalName } from "../../components/shared/naming";
import { policy } from "../../components/shared/policies";
import type { TenantContext } from "../../components/shared/tenantContext";
import { Recommender, type RecommenderArgs } from "../../components/recommender/recommender";
import { recommenderResources } from "../../components/recommender/recommenderResources";
import type { Cloud, Statement } from "@c360/local-aws";
import { makeThroughCloudControl } from "@c360/local-aws/testing";
import { deploy, type Registered, CONTEXT as ACME } from "./pulumiMocks";

export const BUCKETS = { upstream: "upstream", lake: "lake", downstream: "downstream", infra: "infra", cache: "cache" };
/** The tenant of the test. */
const CONTEXT: TenantContext = { ...ACME, buckets: BUCKETS };
export const DATABASE = "acme_derived";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

/** Settings in which a test's pipeline differs from stage dev. */
export interface Changes
  extends
    Partial<Pick<PipelineArgs, "maxWaitHours" | "streamedEvents" | "interactionColumns" | "train">>,
    Partial<Pick<RecommenderArgs, "recipe" | "campaign" | "minProvisionedTps" | "requireBaseline">>,
    Partial<Pick<InteractionExportArgs, "engine" | "source">> {}

const deployments = new Map<string, Promise<Registered[]>>();

/** The resources that the components register. Equal changes share one deployment. */
export function registered(changes: Changes): Promise<Registered[]> {
  const key = JSON.stringify(changes);
  const found = deployments.get(key) ?? deploy(() => make(changes)).then(({ resources }) => resources);
  deployments.set(key, found);
  return found;
}

function make({ recipe, campaign, minProvisionedTps, requireBaseline, engine, source, ...changes }: Changes): void {
  const { interactionColumns } = changes;
  const served = { context: CONTEXT, recipe, campaign, minProvisionedTps, requireBaseline };
  const { databaseName, workgroupName } = new Catalog("c", { context: CONTEXT, database: DATABASE });
  const { targets } = new InteractionExport("e", { context: CONTEXT, interactionColumns, engine, source });
  const existing = { ...recommenderResources(served), trackingId: "made-by-the-test" };
  const { resources } = new Recommender("r", { ...served, interactionColumns, existing });
  const { topicArn: noticesTopicArn } = new Notices("n", { context: CONTEXT });
  const called = { noticesTopicArn, database: databaseName, workgroup: workgroupName, recommender: resources, ...targets };
  new Pipeline("p", { context: CONTEXT, ...called, ...changes });
}

/** Creates the dataset group and the dataset that the program would, and lets Personalize read downstream. */
export async function makeDatasetGroup(cloud: Cloud, { interactionColumns = INTERACTION_COLUMNS }: Changes): Promise<void> {
  const admitted = policy(...admitPersonalize(CONTEXT, BUCKETS.downstream, ["recommender/"], true));
  await cloud.create("aws:s3/bucketPolicy:BucketPolicy", { bucket: BUCKETS.downstream, policy: admitted }, "urn::downstream-policy");
  const makeOne = async (kind: string, desired: object) =>
    (await makeThroughCloudControl(cloud, `AWS::Personalize::${kind}`, { ...desired })).id;
  const { name, text } = interactionsSchema(CONTEXT, interactionColumns);
  const DatasetGroupArn = await makeOne("DatasetGroup", { Name: physicalName("datasetGroup", CONTEXT, "recommender") });
  const SchemaArn = await makeOne("Schema", { Name: name, Schema: text });
  await makeOne("Dataset", { Name: "interactions", DatasetType: "Interactions", DatasetGroupArn, SchemaArn });
}

/** Removes a statement from a role's policy. */
export function withoutStatement(inputs: Registered["inputs"], sid: string): Registered["inputs"] {
  const given = inputs.policy as { Statement: Statement[] };
  const Statement = given.Statement.filter(({ Sid }) => Sid !== sid);
  if (Statement.length === given.Statement.length) throw new Error(`${ROLE_POLICY} has no statement ${sid}`);
  return { ...inputs, policy: { ...given, Statement } };
}
