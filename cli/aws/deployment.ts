import { setTimeout } from "node:timers/promises";
import { DescribeCampaignCommand, type PersonalizeClient, UpdateCampaignCommand } from "@aws-sdk/client-personalize";
import { isChanging } from "./campaigns";

/** A campaign's condition. */
export interface CampaignState {
  status: string;
  /** ARN of the version that it serves. */
  serves: string;
  failureReason?: string;
  /** Its latest update. */
  update?: { status: string; failureReason?: string; begunAt?: number };
}

/** Which campaign, and how to wait for it. */
export interface DeploymentOptions {
  personalize: PersonalizeClient;
  campaignArn: string;
  /** Milliseconds between two looks at the campaign. */
  pollMs: number;
  signal: AbortSignal;
  /** Receives a line before a wait. */
  print: (line: string) => void;
}

/**
 * Waits while a campaign is being created, updated or deleted.
 *
 * @returns undefined when there is no such campaign
 */
export async function settledCampaign(options: DeploymentOptions): Promise<CampaignState | undefined> {
  const { pollMs, signal, print } = options;
  for (let isFirst = true; ; isFirst = false) {
    const campaign = await describeCampaign(options);
    const changing = [campaign?.status, campaign?.update?.status].find((status) => isChanging(status ?? ""));
    if (changing === undefined) return campaign;
    if (isFirst) print(`Waiting for the campaign: it is in status ${changing}.`);
    await setTimeout(pollMs, undefined, { signal });
  }
}

/**
 * Lets a campaign serve a version, and waits until it does.
 *
 * @throws Error that says why the update failed
 */
export async function deployVersion(solutionVersionArn: string, options: DeploymentOptions): Promise<void> {
  const { personalize, campaignArn, pollMs, signal } = options;
  for (;;) {
    const before = await settledCampaign(options);
    if (before?.serves === solutionVersionArn) return;
    try {
      await personalize.send(new UpdateCampaignCommand({ campaignArn, solutionVersionArn }), { abortSignal: signal });
    } catch (error) {
      if ((error as Error).name !== "ResourceInUseException") throw error;
      await setTimeout(pollMs, undefined, { signal });
      continue;
    }
    let after: CampaignState | undefined;
    do {
      await setTimeout(pollMs, undefined, { signal });
      after = await settledCampaign(options);
    } while (after !== undefined && after.update?.begunAt === before?.update?.begunAt); // a description may lag behind the call
    if (after?.serves === solutionVersionArn) return;
    throw new Error(after?.update?.failureReason ?? (after === undefined ? "the campaign was deleted" : "no reason was given"));
  }
}

async function describeCampaign({ personalize, campaignArn, signal }: DeploymentOptions): Promise<CampaignState | undefined> {
  try {
    const { campaign = {} } = await personalize.send(new DescribeCampaignCommand({ campaignArn }), { abortSignal: signal });
    const { status = "", solutionVersionArn: serves = "", failureReason, latestCampaignUpdate: latest } = campaign;
    const update = latest && {
      status: latest.status ?? "",
      failureReason: latest.failureReason,
      begunAt: latest.creationDateTime?.getTime(),
    };
    return { status, serves, failureReason, update };
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}
