import { randomUUID } from "node:crypto";
import { z } from "zod";
import { operations } from "../operation";
import type { Cloud, Json, Operation } from "../service";
import { ServiceError } from "../service";
import { versionsOf } from "./campaigns";
import { streamedInteractions, type StreamedInteraction } from "./interactions";
import { CAMPAIGN, type Lifecycle, SOLUTION_VERSION } from "./lifecycle";
import { ARN, DIALECT } from "./operations";
import { Ranking } from "./ranking";
import { readModel } from "./training";

/** GetRecommendations: answers from memory, by the trained model and the interactions since. */
export class Recommendations {
  private readonly loaded = new Map<string, { datasetGroupArn: string; ranking: Promise<Ranking> }>();

  constructor(
    private readonly cloud: Cloud,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** https://docs.aws.amazon.com/personalize/latest/dg/API_RS_GetRecommendations.html */
  operations(): Record<string, Operation> {
    return operations(DIALECT, {
      "POST /recommendations": {
        action: "GetRecommendations",
        members: {
          campaignArn: ARN,
          userId: z.string().min(1).max(256).optional(),
          numResults: z.int().min(1).max(500).default(25),
        },
        resources: ({ campaignArn }) => campaignArn,
        run: ({ campaignArn, userId, numResults }) => this.recommend(campaignArn, userId, numResults),
      },
    });
  }

  /** Loads the model of a version, and drops the models that no campaign serves any more. */
  load(versionArn: string): Promise<Ranking> {
    const present = this.loaded.get(versionArn);
    if (present) return present.ranking;
    const served = new Set(this.lifecycle.all(CAMPAIGN).flatMap(versionsOf));
    for (const arn of this.loaded.keys()) if (!served.has(arn)) this.loaded.delete(arn);
    const datasetGroupArn = String(this.lifecycle.find(SOLUTION_VERSION, versionArn).properties.DatasetGroupArn);
    const ranking = this.read(versionArn, datasetGroupArn);
    ranking.catch(() => this.loaded.delete(versionArn));
    this.loaded.set(versionArn, { datasetGroupArn, ranking });
    return ranking;
  }

  /** Adds an interaction of a dataset group that PutEvents has just accepted. */
  see(datasetGroupArn: string, { userId, itemId, timestamp }: StreamedInteraction): void {
    for (const loaded of this.loaded.values()) {
      if (loaded.datasetGroupArn !== datasetGroupArn) continue;
      loaded.ranking.then(
        (ranking) => ranking.see(userId, [itemId, timestamp]),
        () => undefined,
      );
    }
  }

  /** Appends each answer to the log "recommendations" before it resolves. */
  private async recommend(campaignArn: string, userId: string | undefined, numResults: number): Promise<Json> {
    const campaign = this.lifecycle.all(CAMPAIGN).find(({ arn }) => arn === campaignArn);
    if (!campaign) throw new ServiceError("ResourceNotFoundException", `Campaign ${campaignArn} does not exist.`, 404);
    if (campaign.status !== "ACTIVE") {
      throw new ServiceError("ResourceNotFoundException", `Campaign ${campaignArn} is in status ${campaign.status}, not ACTIVE.`, 404);
    }
    const ranking = await this.load(String(campaign.properties.SolutionVersionArn));
    const itemList = ranking.rank(userId, numResults).map(([itemId, score]) => ({ itemId, score }));
    const recommendationId = `RID-${randomUUID()}`;
    const items = itemList.map(({ itemId }) => itemId);
    const at = this.cloud.clock.now();
    await this.cloud.store("personalize").append("recommendations", { at, campaignArn, userId: userId ?? null, items, recommendationId });
    return { itemList, recommendationId };
  }

  /** The model lacks what was streamed after its training began: replays all streamed interactions. */
  private async read(versionArn: string, datasetGroupArn: string): Promise<Ranking> {
    const ranking = new Ranking(await readModel(this.cloud, versionArn));
    for await (const { userId, itemId, timestamp } of streamedInteractions(this.cloud, this.lifecycle, datasetGroupArn)) {
      ranking.see(userId, [itemId, timestamp]);
    }
    return ranking;
  }
}
