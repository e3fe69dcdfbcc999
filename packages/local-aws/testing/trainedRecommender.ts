import * as assert from "node:assert/strict";
import {
  CreateCampaignCommand,
  CreateSolutionCommand,
  CreateSolutionVersionCommand,
  DescribeCampaignCommand,
  DescribeSolutionCommand,
  DescribeSolutionVersionCommand,
  type PersonalizeClient,
} from "@aws-sdk/client-personalize";
import type { TestCloud } from "./cloud";
import { eventually } from "./eventually";

/** The minimum for training: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const USERS = 25;
const ITEMS = 40;
const EVENTS_PER_CALL = 10;
const RECIPE = "arn:aws:personalize:::recipe/aws-popularity-count";

/** Streams interactions of 25 users (`u0`...) with 40 items (`i0`...) each: just enough to train on. */
export async function streamInteractions({ cloud, owner }: TestCloud, trackingId: string): Promise<void> {
  const sentAt = Math.floor(Date.now() / 1000) - 86_400;
  for (let user = 0; user < USERS; user += 1) {
    for (let from = 0; from < ITEMS; from += EVENTS_PER_CALL) {
      const items = Array.from({ length: EVENTS_PER_CALL }, (_, i) => from + i);
      const eventList = items.map((item) => ({ eventType: "watch", sentAt: sentAt + item, itemId: `i${item}` }));
      await cloud.call(owner, "personalize", "POST /events", { trackingId, sessionId: `s${user}`, userId: `u${user}`, eventList });
    }
  }
}

/** Creates a solution with a recipe and waits until it is active. */
export async function makeSolution(
  personalize: PersonalizeClient,
  datasetGroupArn: string,
  name: string,
  recipeArn = RECIPE,
): Promise<string> {
  const settings = { name, datasetGroupArn, recipeArn, performAutoTraining: false };
  const { solutionArn = "" } = await personalize.send(new CreateSolutionCommand(settings));
  await eventually(async () => {
    const { solution } = await personalize.send(new DescribeSolutionCommand({ solutionArn }));
    assert.equal(solution?.status, "ACTIVE");
  });
  return solutionArn;
}

/** Trains a version of a solution and waits until it is active. */
export async function train(personalize: PersonalizeClient, solutionArn: string, name: string): Promise<string> {
  const training = { solutionArn, name, trainingMode: "FULL" } as const;
  const { solutionVersionArn = "" } = await personalize.send(new CreateSolutionVersionCommand(training));
  await eventually(async () => {
    const { solutionVersion } = await personalize.send(new DescribeSolutionVersionCommand({ solutionVersionArn }));
    assert.equal(solutionVersion?.status, "ACTIVE", solutionVersion?.failureReason);
  });
  return solutionVersionArn;
}

/** Creates a campaign of a version and waits until it is active. */
export async function serve(personalize: PersonalizeClient, solutionVersionArn: string, name: string): Promise<string> {
  const { campaignArn = "" } = await personalize.send(new CreateCampaignCommand({ name, solutionVersionArn, minProvisionedTPS: 1 }));
  await eventually(async () => {
    const { campaign } = await personalize.send(new DescribeCampaignCommand({ campaignArn }));
    assert.equal(campaign?.status, "ACTIVE", campaign?.failureReason);
  });
  return campaignArn;
}
