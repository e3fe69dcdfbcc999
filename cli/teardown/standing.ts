import {
  DescribeCampaignCommand,
  DescribeSolutionCommand,
  paginateListCampaigns,
  paginateListSolutions,
  paginateListSolutionVersions,
  type PersonalizeClient,
} from "@aws-sdk/client-personalize";
import { type Owner, physicalName } from "../../components/shared/naming";

/** A campaign that the pipeline made. */
export interface StandingCampaign {
  kind: "campaign";
  name: string;
  arn: string;
  status: string;
  /** Undefined before the first update. */
  updateStatus?: string;
  minProvisionedTps: number;
}

/** A solution that the pipeline made. */
export interface StandingSolution {
  kind: "solution";
  name: string;
  arn: string;
  status: string;
  versions: { arn: string; status: string }[];
  /** ARNs of the pipeline's campaigns that serve one of its versions. */
  campaigns: string[];
  /** ARNs of other campaigns that do. */
  strangers: string[];
}

/** What stands in Personalize that the pipeline made. */
export interface Standing {
  campaigns: StandingCampaign[];
  solutions: StandingSolution[];
}

/** Where to look, and for what. */
export interface LookOptions {
  personalize: PersonalizeClient;
  owners: readonly Owner[];
  signal: AbortSignal;
}

/**
 * Looks for what the pipeline made. Its names tell, for they are unique in an account and region: so what an older recipe or
 * another dataset group left is found too.
 *
 * @param known ARNs that are looked at even if no list has them any more
 */
export async function findStanding({ personalize, owners, signal }: LookOptions, known: readonly string[] = []): Promise<Standing> {
  const options = { abortSignal: signal };
  const page = { client: personalize };
  const isOwnCampaign = (name: string | undefined) => owners.some((owner) => name === physicalName("campaign", owner, "campaign"));
  const isOwnSolution = (name: string | undefined) => owners.some((owner) => isSolutionOf(owner, name ?? ""));

  async function campaign(campaignArn: string): Promise<StandingCampaign> {
    const { campaign: found = {} } = await personalize.send(new DescribeCampaignCommand({ campaignArn }), options);
    const { name = "", status = "", minProvisionedTPS = 1, latestCampaignUpdate } = found;
    const updateStatus = latestCampaignUpdate?.status;
    return { kind: "campaign", name, arn: campaignArn, status, updateStatus, minProvisionedTps: minProvisionedTPS };
  }

  async function solution(solutionArn: string): Promise<StandingSolution> {
    const { solution: { name = "", status = "" } = {} } = await personalize.send(new DescribeSolutionCommand({ solutionArn }), options);
    const versions: StandingSolution["versions"] = [];
    for await (const { solutionVersions = [] } of paginateListSolutionVersions(page, { solutionArn }, options)) {
      versions.push(...solutionVersions.map(({ solutionVersionArn = "", status = "" }) => ({ arn: solutionVersionArn, status })));
    }
    const serving: string[] = [];
    const strangers: string[] = [];
    for await (const { campaigns = [] } of paginateListCampaigns(page, { solutionArn }, options)) {
      for (const { name, campaignArn = "" } of campaigns) (isOwnCampaign(name) ? serving : strangers).push(campaignArn);
    }
    return { kind: "solution", name, arn: solutionArn, status, versions, campaigns: serving, strangers };
  }

  const arns = new Set(known);
  for await (const { campaigns = [] } of paginateListCampaigns(page, {}, options)) {
    for (const { name, campaignArn = "" } of campaigns) if (isOwnCampaign(name)) arns.add(campaignArn);
  }
  for await (const { solutions = [] } of paginateListSolutions(page, {}, options)) {
    for (const { name, solutionArn = "" } of solutions) if (isOwnSolution(name)) arns.add(solutionArn);
  }
  const all = [...arns].sort();
  return {
    campaigns: await standing(all.filter((arn) => arn.includes(":campaign/")).map(campaign)),
    solutions: await standing(all.filter((arn) => arn.includes(":solution/")).map(solution)),
  };
}

/** A solution's name ends with the hash of its recipe. */
function isSolutionOf(owner: Owner, name: string): boolean {
  const prefix = `${physicalName("solution", owner, "solution")}-`;
  return name.startsWith(prefix) && /^[0-9a-f]+$/.test(name.slice(prefix.length));
}

/** Those that are still there. */
async function standing<T>(looks: Promise<T>[]): Promise<T[]> {
  const found = await Promise.all(looks.map((look) => look.catch(unlessGone)));
  return found.filter((thing) => thing !== undefined);
}

function unlessGone(error: Error): undefined {
  if (error.name !== "ResourceNotFoundException") throw error;
}
