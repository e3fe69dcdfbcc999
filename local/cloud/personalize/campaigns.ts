import { z } from "zod";
import type { Cloud, Json, Operation } from "../service";
import { arnOf } from "./controlPlane";
import { inUse, JobFailure, type Lifecycle, type Made } from "./lifecycle";
import type { Kind } from "./reads";
import { ARN, asProperties, NAME, read, TAGS } from "./requests";
import { CAMPAIGN, SOLUTION_VERSION } from "./solutions";

/** How campaigns are described and listed. */
export const CAMPAIGNS: Kind = {
  type: CAMPAIGN,
  member: "campaign",
  members: "campaigns",
  filter: { parameter: "solutionArn", holds: ({ properties }, value) => String(properties.SolutionVersionArn).startsWith(`${value}/`) },
};

const TPS = z.int().min(1).default(1);
const CREATE = z.strictObject({ name: NAME, solutionVersionArn: ARN, minProvisionedTPS: TPS, tags: TAGS });
const UPDATE = z.strictObject({ campaignArn: ARN, solutionVersionArn: ARN.optional(), minProvisionedTPS: TPS.optional() });
const DELETE = z.strictObject({ campaignArn: ARN });

/** What campaigns need of the service. */
export interface CampaignPorts {
  cloud: Cloud;
  lifecycle: Lifecycle;
  /** Why a campaign, or its update, is to fail; undefined: it is not. */
  fails: (kind: "campaign" | "campaignUpdate", name: string) => string | undefined;
  /** Makes ready to answer from a version. */
  load: (versionArn: string) => Promise<void>;
}

/** CreateCampaign, UpdateCampaign and DeleteCampaign: https://docs.aws.amazon.com/personalize/latest/dg/API_UpdateCampaign.html */
export function campaignOperations(ports: CampaignPorts): Record<string, Operation> {
  const { cloud, lifecycle, fails, load } = ports;
  const arn = (input: Json) => arnOf(cloud, `campaign/${String(input.name)}`);
  const named = (action: string) => (input: Json) => [{ action: `personalize:${action}`, resource: String(input.campaignArn) }];
  return {
    CreateCampaign: {
      needs: (input) => [{ action: "personalize:CreateCampaign", resource: arn(input) }],
      run: async (input) => {
        const { tags: _, ...request } = read(CREATE, input);
        lifecycle.active(SOLUTION_VERSION, request.solutionVersionArn);
        const made = { type: CAMPAIGN, arn: arn(input), properties: asProperties(request), attributes: { CampaignArn: arn(input) } };
        await lifecycle.begin(made, async () => {
          const reason = fails("campaign", request.name);
          if (reason !== undefined) throw new JobFailure(reason);
          await load(request.solutionVersionArn);
        });
        return { output: { campaignArn: arn(input) } };
      },
    },
    UpdateCampaign: {
      needs: named("UpdateCampaign"),
      run: async (input) => {
        const { campaignArn, ...request } = read(UPDATE, input);
        const campaign = settled(lifecycle.active(CAMPAIGN, campaignArn));
        if (request.solutionVersionArn !== undefined) lifecycle.active(SOLUTION_VERSION, request.solutionVersionArn);
        const { SolutionVersionArn, MinProvisionedTPS } = campaign.properties;
        const update = { solutionVersionArn: SolutionVersionArn, minProvisionedTPS: MinProvisionedTPS, ...request };
        const times = { creationDateTime: cloud.clock.now() / 1000 };
        await enter(lifecycle, campaign, { ...update, ...times, status: "CREATE PENDING" });
        lifecycle.follow(campaign.arn, advance(ports, campaign, { ...update, ...times }));
        return { output: { campaignArn } };
      },
    },
    DeleteCampaign: {
      needs: named("DeleteCampaign"),
      run: async (input) => {
        const campaign = lifecycle.find(CAMPAIGN, read(DELETE, input).campaignArn);
        const isEnding = campaign.status === "ACTIVE" || campaign.status === "CREATE FAILED";
        if (!isEnding) throw inUse(`Campaign ${campaign.arn} is in status ${campaign.status}.`);
        await lifecycle.remove(settled(campaign));
        return {};
      },
    },
  };
}

/** The old version serves until the new one is there, and on when that fails. */
async function advance({ lifecycle, fails, load }: CampaignPorts, campaign: Made, update: Json): Promise<void> {
  await lifecycle.pause();
  await enter(lifecycle, campaign, { ...update, status: "CREATE IN PROGRESS" });
  const failureReason = fails("campaignUpdate", String(campaign.properties.Name));
  await Promise.all([failureReason === undefined ? load(String(update.solutionVersionArn)) : undefined, lifecycle.pause()]);
  if (failureReason !== undefined) return enter(lifecycle, campaign, { ...update, status: "CREATE FAILED", failureReason });
  Object.assign(campaign.properties, { SolutionVersionArn: update.solutionVersionArn, MinProvisionedTPS: update.minProvisionedTPS });
  await enter(lifecycle, campaign, { ...update, status: "ACTIVE" });
}

async function enter(lifecycle: Lifecycle, campaign: Made, update: Json): Promise<void> {
  await lifecycle.extend(campaign, { LatestCampaignUpdate: { ...update, lastUpdatedDateTime: update.creationDateTime } });
}

/** @throws ServiceError ResourceInUseException while an update is under way */
function settled(campaign: Made): Made {
  const { status } = (campaign.attributes.LatestCampaignUpdate ?? {}) as { status?: string };
  if (status === "CREATE PENDING" || status === "CREATE IN PROGRESS") {
    throw inUse(`Campaign ${campaign.arn} is being updated: the update is in status ${status}.`);
  }
  return campaign;
}
