import { z } from "zod";
import type { Json, Operation } from "../service";
import { beginUpdate, type CampaignPorts, updateUnderWay } from "./campaignUpdates";
import { arnOf } from "./controlPlane";
import { inUse, JobFailure, type Lifecycle, type Made } from "./lifecycle";
import type { Kind } from "./reads";
import { ARN, asProperties, NAME, read, TAGS } from "./requests";
import { CAMPAIGN, SOLUTION_VERSION } from "./typeNames";

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

/** CreateCampaign, UpdateCampaign and DeleteCampaign: https://docs.aws.amazon.com/personalize/latest/dg/API_UpdateCampaign.html */
export function campaignOperations(ports: CampaignPorts): Record<string, Operation> {
  const { cloud, lifecycle, fails, load } = ports;
  const arn = (input: Json) => arnOf(cloud, `campaign/${String(input.name)}`);
  const named = (action: string) => (input: Json) => [{ action: `personalize:${action}`, resource: String(input.campaignArn) }];
  return {
    CreateCampaign: {
      permissions: (input) => [{ action: "personalize:CreateCampaign", resource: arn(input) }],
      run: async (input) => {
        const request = read(CREATE, input);
        lifecycle.active(SOLUTION_VERSION, request.solutionVersionArn);
        const made = { type: CAMPAIGN, arn: arn(input), properties: asProperties(request), attributes: { CampaignArn: arn(input) } };
        lifecycle.begin(made, async () => {
          const reason = fails("campaign", request.name);
          if (reason !== undefined) throw new JobFailure(reason);
          await load(request.solutionVersionArn);
        });
        return { output: { campaignArn: arn(input) } };
      },
    },
    UpdateCampaign: {
      permissions: named("UpdateCampaign"),
      run: async (input) => {
        const { campaignArn, ...given } = read(UPDATE, input);
        const campaign = settled(lifecycle, campaignArn);
        if (given.solutionVersionArn !== undefined) lifecycle.active(SOLUTION_VERSION, given.solutionVersionArn);
        const { SolutionVersionArn, MinProvisionedTPS } = campaign.properties;
        const present = { solutionVersionArn: String(SolutionVersionArn), minProvisionedTPS: Number(MinProvisionedTPS) };
        await beginUpdate(ports, campaign, { ...present, ...given });
        return { output: { campaignArn } };
      },
    },
    DeleteCampaign: {
      permissions: named("DeleteCampaign"),
      run: async (input) => {
        lifecycle.remove(settled(lifecycle, read(DELETE, input).campaignArn));
        return {};
      },
    },
  };
}

/**
 * A campaign that is ACTIVE, or failed to be, and is not being updated.
 *
 * @throws ServiceError ResourceNotFoundException, ResourceInUseException
 */
function settled(lifecycle: Lifecycle, campaignArn: string): Made {
  const campaign = lifecycle.ended(CAMPAIGN, campaignArn);
  const update = updateUnderWay(campaign);
  if (update) throw inUse(`Campaign ${campaign.arn} is being updated: the update is in status ${update.status}.`);
  return campaign;
}
