import { setTimeout } from "node:timers/promises";
import {
  DeleteCampaignCommand,
  DeleteSolutionCommand,
  DescribeCampaignCommand,
  DescribeSolutionCommand,
  paginateListCampaigns,
  paginateListSolutions,
  paginateListSolutionVersions,
  type PersonalizeClient,
} from "@aws-sdk/client-personalize";
import { type Owner, physicalName } from "../../components/shared/naming";

/** A campaign that the pipeline created. */
export interface PipelineCampaign {
  kind: "campaign";
  name: string;
  arn: string;
  status: string;
  /** Undefined before the first update. */
  updateStatus?: string;
  minProvisionedTps: number;
}

/** A solution that the pipeline created. */
export interface PipelineSolution {
  kind: "solution";
  name: string;
  arn: string;
  status: string;
  versions: { arn: string; status: string }[];
  /** ARNs of the pipeline's campaigns that serve one of its versions. */
  campaigns: string[];
  /** ARNs of other campaigns that serve one of its versions. */
  foreignCampaigns: string[];
}

/** What the pipeline created in Personalize. */
export interface PipelineResources {
  campaigns: PipelineCampaign[];
  solutions: PipelineSolution[];
}

/** Where to look for resources, and whose. */
export interface FindOptions {
  personalize: PersonalizeClient;
  owners: readonly Owner[];
  signal: AbortSignal;
}

/**
 * Finds what the pipeline created. It goes by name, since names are unique per account and region: that also finds what an earlier
 * recipe or another dataset group left behind.
 *
 * @param known ARNs to describe even if no list has them any more
 */
export async function findResources(
  { personalize, owners, signal }: FindOptions,
  known: readonly string[] = [],
): Promise<PipelineResources> {
  const options = { abortSignal: signal };
  const page = { client: personalize };
  const isOwnCampaign = (name: string | undefined) => owners.some((owner) => name === physicalName("campaign", owner, "campaign"));
  const isOwnSolution = (name: string | undefined) => owners.some((owner) => isSolutionOf(owner, name ?? ""));

  async function describeCampaign(campaignArn: string): Promise<PipelineCampaign> {
    const { campaign = {} } = await personalize.send(new DescribeCampaignCommand({ campaignArn }), options);
    const { name = "", status = "", minProvisionedTPS = 1, latestCampaignUpdate } = campaign;
    const updateStatus = latestCampaignUpdate?.status;
    return { kind: "campaign", name, arn: campaignArn, status, updateStatus, minProvisionedTps: minProvisionedTPS };
  }

  async function describeSolution(solutionArn: string): Promise<PipelineSolution> {
    const { solution: { name = "", status = "" } = {} } = await personalize.send(new DescribeSolutionCommand({ solutionArn }), options);
    const versions: PipelineSolution["versions"] = [];
    for await (const { solutionVersions = [] } of paginateListSolutionVersions(page, { solutionArn }, options)) {
      versions.push(...solutionVersions.map(({ solutionVersionArn = "", status = "" }) => ({ arn: solutionVersionArn, status })));
    }
    const own: string[] = [];
    const foreign: string[] = [];
    for await (const { campaigns = [] } of paginateListCampaigns(page, { solutionArn }, options)) {
      for (const { name, campaignArn = "" } of campaigns) (isOwnCampaign(name) ? own : foreign).push(campaignArn);
    }
    return { kind: "solution", name, arn: solutionArn, status, versions, campaigns: own, foreignCampaigns: foreign };
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
    campaigns: await existing(all.filter((arn) => arn.includes(":campaign/")).map(describeCampaign)),
    solutions: await existing(all.filter((arn) => arn.includes(":solution/")).map(describeSolution)),
  };
}

/** Whether a solution is the pipeline's: its name ends with the hash of its recipe. */
export function isSolutionOf(owner: Owner, name: string): boolean {
  const prefix = `${physicalName("solution", owner, "solution")}-`;
  return name.startsWith(prefix) && /^[0-9a-f]+$/.test(name.slice(prefix.length));
}

/** Leaves out what was deleted between the list and the description. */
async function existing<T>(descriptions: Promise<T>[]): Promise<T[]> {
  const found = await Promise.all(
    descriptions.map((description) =>
      description.catch((error: Error) => {
        if (error.name !== "ResourceNotFoundException") throw error;
      }),
    ),
  );
  return found.filter((resource) => resource !== undefined);
}

/** What to do next about a resource. */
export type Step = { do: "delete" } | { do: "wait"; reason: string };

const DELETE: Step = { do: "delete" };
const DELETING = "is being deleted";

/** A campaign can be deleted unless it is being created, updated or deleted. */
export function campaignStep({ status, updateStatus = "" }: PipelineCampaign): Step {
  return waitWhileChanging(status) ?? (isChanging(updateStatus) ? wait("is being updated") : DELETE);
}

/** A solution is deleted with its versions, once no campaign serves one of them and none is in training. */
export function solutionStep({ status, versions, campaigns }: PipelineSolution): Step {
  if (campaigns.length > 0) return wait(`is served by ${campaigns.join(", ")}`);
  const changing = waitWhileChanging(status);
  if (changing !== undefined) return changing;
  const training = versions.find((version) => isChanging(version.status));
  return training === undefined ? DELETE : wait(`has a version in training: ${training.arn}`);
}

function waitWhileChanging(status: string): Step | undefined {
  if (status.startsWith("DELETE ")) return wait(DELETING);
  return isChanging(status) ? wait("is being created") : undefined;
}

function wait(reason: string): Step {
  return { do: "wait", reason };
}

/** Whether a resource, or an update of one, is under way. The service writes both IN PROGRESS and IN_PROGRESS. */
export function isChanging(status: string): boolean {
  return /(PENDING|IN[ _]PROGRESS|STOPPING)$/.test(status);
}

/** @throws Error naming a campaign that the pipeline did not create and that serves a solution to delete */
export function checkForeignCampaigns({ solutions }: PipelineResources): void {
  for (const { name, foreignCampaigns } of solutions) {
    if (foreignCampaigns.length === 0) continue;
    throw new Error(`solution ${name} is served by ${foreignCampaigns[0]}, which the pipeline did not create: delete that campaign first`);
  }
}

/** What to delete, and how. */
export interface DeleteOptions extends FindOptions {
  /** Milliseconds between two rounds. */
  pollMs: number;
  /** Receives a line when a resource changes its step, and when it is deleted. */
  print: (line: string) => void;
}

/**
 * Deletes campaigns, then solutions with their versions, and waits until they are gone. Every round looks at what exists, so it
 * continues whatever another call, or the pipeline, left unfinished.
 *
 * @param resources what {@link findResources} found
 * @throws Error when a campaign that the pipeline did not create serves a solution, or the service refuses a call for good
 */
export async function deleteResources(resources: PipelineResources, options: DeleteOptions): Promise<void> {
  const printed = new Map<string, string>();
  for (let found = resources; ; found = await findResources(options, [...printed.keys()])) {
    checkForeignCampaigns(found);
    const steps: [PipelineCampaign | PipelineSolution, Step][] = [
      ...found.campaigns.map((campaign): [PipelineCampaign, Step] => [campaign, campaignStep(campaign)]),
      ...found.solutions.map((solution): [PipelineSolution, Step] => [solution, solutionStep(solution)]),
    ];
    const arns = steps.map(([{ arn }]) => arn);
    for (const deleted of [...printed.keys()].filter((arn) => !arns.includes(arn))) {
      options.print(`${deleted} is deleted`);
      printed.delete(deleted);
    }
    if (steps.length === 0) return;
    for (const [resource, step] of steps) {
      const line = step.do === "wait" ? step.reason : await requestDeletion(resource, options);
      if (printed.get(resource.arn) !== line) options.print(`${resource.arn} ${line}`);
      printed.set(resource.arn, line);
    }
    await setTimeout(options.pollMs, undefined, { signal: options.signal });
  }
}

/** @returns why the resource still exists */
async function requestDeletion(
  { kind, arn }: PipelineCampaign | PipelineSolution,
  { personalize, signal }: DeleteOptions,
): Promise<string> {
  try {
    if (kind === "campaign") await personalize.send(new DeleteCampaignCommand({ campaignArn: arn }), { abortSignal: signal });
    else await personalize.send(new DeleteSolutionCommand({ solutionArn: arn }), { abortSignal: signal });
    return DELETING;
  } catch (error) {
    const { name, message } = error as Error;
    if (name === "ResourceNotFoundException") return DELETING;
    if (name === "ResourceInUseException") return `is in use: ${message}`;
    throw error;
  }
}
