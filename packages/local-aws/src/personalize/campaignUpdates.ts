import type { Cloud } from "../service";
import type { Lifecycle, Made } from "./lifecycle";

/** https://docs.aws.amazon.com/personalize/latest/dg/API_CampaignUpdateSummary.html */
export interface CampaignUpdate {
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
  /** Why a campaign, or its update, is to fail; undefined: it is not. */
  fails: (kind: "campaign" | "campaignUpdate", name: string) => string | undefined;
  /** Makes ready to answer from a version. */
  load: (versionArn: string) => Promise<void>;
}

/** The update of a campaign that is under way. */
export function updateUnderWay({ attributes }: Made): CampaignUpdate | undefined {
  const update = attributes.LatestCampaignUpdate as CampaignUpdate | undefined;
  return update?.status === "CREATE PENDING" || update?.status === "CREATE IN PROGRESS" ? update : undefined;
}

/** The version that a campaign serves, and the one that it will when the update that is under way is over. */
export function versionsOf(campaign: Made): string[] {
  const next = updateUnderWay(campaign)?.solutionVersionArn;
  return [String(campaign.properties.SolutionVersionArn), ...(next === undefined ? [] : [next])];
}

/** Lets a campaign serve another version later; the old one serves until that is there, and on when it fails. */
export async function beginUpdate(
  ports: CampaignPorts,
  campaign: Made,
  wanted: Pick<CampaignUpdate, "solutionVersionArn" | "minProvisionedTPS">,
): Promise<void> {
  const now = ports.cloud.clock.now() / 1000;
  const update: CampaignUpdate = { ...wanted, status: "CREATE PENDING", creationDateTime: now, lastUpdatedDateTime: now };
  ports.lifecycle.extend(campaign, { LatestCampaignUpdate: update });
  ports.lifecycle.follow(campaign.arn, advance(ports, campaign, update));
}

async function advance(ports: CampaignPorts, campaign: Made, update: CampaignUpdate): Promise<void> {
  const { lifecycle } = ports;
  await lifecycle.pause();
  enter(ports, campaign, { ...update, status: "CREATE IN PROGRESS" });
  const failureReason = await deploy(ports, campaign, update);
  await lifecycle.pause();
  if (failureReason !== undefined) return enter(ports, campaign, { ...update, status: "CREATE FAILED", failureReason });
  Object.assign(campaign.properties, { SolutionVersionArn: update.solutionVersionArn, MinProvisionedTPS: update.minProvisionedTPS });
  campaign.status = "ACTIVE";
  delete campaign.failureReason;
  enter(ports, campaign, { ...update, status: "ACTIVE" });
}

/** @returns why it failed; undefined: it did not */
async function deploy({ fails, load }: CampaignPorts, { properties }: Made, update: CampaignUpdate): Promise<string | undefined> {
  const reason = fails("campaignUpdate", String(properties.Name));
  if (reason !== undefined) return reason;
  try {
    await load(update.solutionVersionArn);
    return undefined;
  } catch (error) {
    return `The local cloud failed: ${String(error)}`;
  }
}

function enter({ cloud, lifecycle }: Pick<CampaignPorts, "cloud" | "lifecycle">, campaign: Made, update: CampaignUpdate): void {
  lifecycle.extend(campaign, { LatestCampaignUpdate: { ...update, lastUpdatedDateTime: cloud.clock.now() / 1000 } });
}
