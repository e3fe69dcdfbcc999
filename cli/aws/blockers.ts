import { type IAMClient, paginateListEntitiesForPolicy } from "@aws-sdk/client-iam";
import { paginateListDatasets, type PersonalizeClient } from "@aws-sdk/client-personalize";
import type { STSClient } from "@aws-sdk/client-sts";
import { type Owner, physicalName } from "../../components/shared/naming";
import { arnsOf, type AwsContext } from "../../components/shared/tenantContext";
import { findCaller } from "./caller";

/** Where to look, and whose resources. */
export interface BlockerOptions {
  iam: IAMClient;
  personalize: PersonalizeClient;
  sts: STSClient;
  region: string;
  owners: readonly Owner[];
  signal: AbortSignal;
}

/** A role, user or group that has a managed policy of the stack. */
export interface Attachment {
  policyArn: string;
  kind: "role" | "user" | "group";
  name: string;
}

/** A dataset that the stack did not create. */
export interface ForeignDataset {
  arn: string;
  /** For example `Event-Interactions`. */
  type: string;
}

/** What keeps Pulumi from deleting resources of a stack, and that neither Pulumi nor the pipeline created. */
export interface Blockers {
  /** IAM deletes no policy that is attached: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html */
  attachments: Attachment[];
  /**
   * Personalize deletes no dataset group that has datasets:
   * https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteDatasetGroup.html
   */
  datasets: ForeignDataset[];
  /** A sentence for each of the two that could not be looked up. */
  unknown: string[];
}

/** Finds out what `pulumi destroy` would stop at. A permission that is missing leaves a list incomplete, which `unknown` says. */
export async function findBlockers(options: BlockerOptions): Promise<Blockers> {
  const { sts, region, signal } = options;
  const { where } = await findCaller(sts, region, signal);
  const attachments: Attachment[] = [];
  const datasets: ForeignDataset[] = [];
  const unknown: string[] = [];

  async function collect<T>(what: string, into: T[], items: AsyncIterable<T>): Promise<void> {
    try {
      for await (const item of items) into.push(item);
    } catch (error) {
      if (signal.aborted) throw error;
      const { name, message } = error as Error;
      unknown.push(`Could not look up ${what}: ${name}: ${message}`);
    }
  }
  await collect("what the stack's policies are attached to", attachments, attachmentsOf(options, where));
  await collect("the datasets of the stack's dataset groups", datasets, foreignDatasetsOf(options, where));
  return { attachments, datasets, unknown };
}

async function* attachmentsOf({ iam, owners, signal }: BlockerOptions, where: AwsContext): AsyncIterable<Attachment> {
  const names = owners.flatMap((owner) => ["producer", "consumer"].map((role) => physicalName("policy", owner, role)));
  for (const policyArn of names.map(arnsOf(where).policy)) {
    try {
      for await (const page of paginateListEntitiesForPolicy({ client: iam }, { PolicyArn: policyArn }, { abortSignal: signal })) {
        const { PolicyRoles = [], PolicyUsers = [], PolicyGroups = [] } = page;
        for (const { RoleName = "" } of PolicyRoles) yield { policyArn, kind: "role", name: RoleName };
        for (const { UserName = "" } of PolicyUsers) yield { policyArn, kind: "user", name: UserName };
        for (const { GroupName = "" } of PolicyGroups) yield { policyArn, kind: "group", name: GroupName };
      }
    } catch (error) {
      if ((error as Error).name !== "NoSuchEntityException") throw error;
    }
  }
}

/** The reference of ListDatasets has the second only: https://docs.aws.amazon.com/personalize/latest/dg/API_ListDatasets.html */
const NO_SUCH_GROUP = ["ResourceNotFoundException", "InvalidInputException"];

async function* foreignDatasetsOf({ personalize, owners, signal }: BlockerOptions, where: AwsContext): AsyncIterable<ForeignDataset> {
  const arns = arnsOf(where);
  for (const group of owners.map((owner) => physicalName("datasetGroup", owner, "recommender"))) {
    const ofGroup = { datasetGroupArn: arns.datasetGroup(group) };
    try {
      for await (const { datasets = [] } of paginateListDatasets({ client: personalize }, ofGroup, { abortSignal: signal })) {
        for (const { datasetArn = "", datasetType = "" } of datasets) {
          if (datasetArn !== arns.interactions(group)) yield { arn: datasetArn, type: datasetType };
        }
      }
    } catch (error) {
      if (!NO_SUCH_GROUP.includes((error as Error).name)) throw error;
    }
  }
}

/** What to do about blockers, and when; no lines when there are none. */
export function blockerLines({ attachments, datasets, unknown }: Blockers, region: string): string[] {
  const detach = attachments.map(
    ({ policyArn, kind, name }) => `  aws iam detach-${kind}-policy --${kind}-name ${name} --policy-arn ${policyArn}`,
  );
  const remove = datasets.map(({ arn, type }) => `  aws personalize delete-dataset --region ${region} --dataset-arn ${arn} # ${type}`);
  return [...(detach.length > 0 ? [DETACH, ...detach] : []), ...(remove.length > 0 ? [REMOVE, ...remove] : []), ...unknown];
}

const DETACH = "These policies are in use. Detach them before pulumi destroy, which cannot delete them while they are attached:";
const REMOVE =
  "These datasets are not the stack's own. pulumi destroy deletes the event tracker, then stops at their dataset group: delete them then, and run it again:";
