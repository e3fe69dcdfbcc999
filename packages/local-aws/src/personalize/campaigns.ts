import { z } from "zod";
import { operations } from "../operation";
import type { Cloud, Operation } from "../service";
import { arnOf, CAMPAIGN, inUse, isBusy, JobFailure, type Lifecycle, type Resource, SOLUTION_VERSION } from "./lifecycle";
import { ARN, asProperties, DIALECT, NAME, TAGS } from "./operations";

/** https://docs.aws.amazon.com/personalize/latest/dg/API_CampaignUpdateSummary.html */
interface CampaignUpdate {
  solutionVersionArn: string;
  minProvisionedTPS: number;
  status: "CREATE PENDING" | "CREATE IN PROGRESS" | "ACTIVE" | "CREATE FAILED";
  failureReason?: string;
  /** Epoch seconds. */
  creationDateTime: number;
  /** Epoch seconds. */
  lastUpdatedDateTime: number;
}

/** What campaigns need of the service. */
export interface CampaignPorts {
  cloud: Cloud;
  lifecycle: Lifecycle;
  /** Reason for which a campaign, or its update, is to fail; undefined: it is not to fail. */
  fails: (kind: "campaign" | "campaignUpdate", name: string) => string | undefined;
  /** Loads the model of a version. */
  load: (versionArn: string) => Promise<unknown>;
}

const TPS = z.int().min(1);

/** CreateCampaign, UpdateCampaign and DeleteCampaign: https://docs.aws.amazon.com/personalize/latest/dg/API_UpdateCampaign.html */
export function campaignOperations(ports: CampaignPorts): Record<string, Operation> {
  const { cloud, lifecycle, fails, load } = ports;
  const arnOfCampaign = (name: string) => arnOf(cloud, `campaign/${name}`);
  return operations(DIALECT, {
    CreateCampaign: {
      members: { name: NAME, solutionVersionArn: ARN, minProvisionedTPS: TPS.default(1), tags: TAGS },
      resources: ({ name }) => arnOfCampaign(name),
      run: (request) => {
        const { name, solutionVersionArn } = request;
        lifecycle.active(SOLUTION_VERSION, solutionVersionArn);
        const arn = arnOfCampaign(name);
        lifecycle.begin({ type: CAMPAIGN, arn, properties: asProperties(request), attributes: { CampaignArn: arn } }, async () => {
          const reason = fails("campaign", name);
          if (reason !== undefined) throw new JobFailure(reason);
          await load(solutionVersionArn);
        });
        return { campaignArn: arn };
      },
    },
    UpdateCampaign: {
      members: { campaignArn: ARN, solutionVersionArn: ARN.optional(), minProvisionedTPS: TPS.optional() },
      resources: ({ campaignArn }) => campaignArn,
      run: ({ campaignArn, solutionVersionArn, minProvisionedTPS }) => {
        const campaign = settled(lifecycle, campaignArn);
        if (solutionVersionArn !== undefined) lifecycle.active(SOLUTION_VERSION, solutionVersionArn);
        const { properties } = campaign;
        const now = cloud.clock.now() / 1000;
        const update: CampaignUpdate = {
          solutionVersionArn: solutionVersionArn ?? String(properties.SolutionVersionArn),
          minProvisionedTPS: minProvisionedTPS ?? Number(properties.MinProvisionedTPS),
          status: "CREATE PENDING",
          creationDateTime: now,
          lastUpdatedDateTime: now,
        };
        lifecycle.extend(campaign, { LatestCampaignUpdate: update });
        lifecycle.follow(campaignArn, advance(ports, campaign, update));
        return { campaignArn };
      },
    },
    DeleteCampaign: {
      members: { campaignArn: ARN },
      resources: ({ campaignArn }) => campaignArn,
      run: ({ campaignArn }) => lifecycle.remove(settled(lifecycle, campaignArn)),
    },
  });
}

/** The version that a campaign serves, and the one of the update that is under way. */
export function versionsOf(campaign: Resource): string[] {
  const next = updateUnderWay(campaign)?.solutionVersionArn;
  return [String(campaign.properties.SolutionVersionArn), ...(next === undefined ? [] : [next])];
}

function updateUnderWay({ attributes }: Resource): CampaignUpdate | undefined {
  const update = attributes.LatestCampaignUpdate as CampaignUpdate | undefined;
  return update && isBusy(update) ? update : undefined;
}

/**
 * A campaign that is ACTIVE or CREATE FAILED, and is not being updated.
 *
 * @throws ServiceError ResourceNotFoundException, ResourceInUseException
 */
function settled(lifecycle: Lifecycle, campaignArn: string): Resource {
  const campaign = lifecycle.ended(CAMPAIGN, campaignArn);
  const update = updateUnderWay(campaign);
  if (update) throw inUse(`Campaign ${campaign.arn} is being updated: the update is in status ${update.status}.`);
  return campaign;
}

/** Updates a campaign. It serves the old version until the new one is loaded, and keeps serving it when the update fails. */
async function advance(ports: CampaignPorts, campaign: Resource, update: CampaignUpdate): Promise<void> {
  const { cloud, lifecycle } = ports;
  const enter = (changes: Partial<CampaignUpdate>): void =>
    lifecycle.extend(campaign, { LatestCampaignUpdate: { ...update, ...changes, lastUpdatedDateTime: cloud.clock.now() / 1000 } });
  await lifecycle.pause();
  enter({ status: "CREATE IN PROGRESS" });
  const failureReason = await deploy(ports, campaign, update);
  await lifecycle.pause();
  if (failureReason !== undefined) return enter({ status: "CREATE FAILED", failureReason });
  Object.assign(campaign.properties, { SolutionVersionArn: update.solutionVersionArn, MinProvisionedTPS: update.minProvisionedTPS });
  campaign.status = "ACTIVE";
  delete campaign.failureReason;
  enter({ status: "ACTIVE" });
}

/** @returns why the update failed; undefined: it succeeded */
async function deploy({ fails, load }: CampaignPorts, { properties }: Resource, update: CampaignUpdate): Promise<string | undefined> {
  const reason = fails("campaignUpdate", String(properties.Name));
  if (reason !== undefined) return reason;
  try {
    await load(update.solutionVersionArn);
    return undefined;
  } catch (error) {
    return `The local cloud failed: ${String(error)}`;
  }
}
