import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Cloud, Operation } from "../service";
import { ServiceError } from "../service";
import { versionsOf } from "./campaignUpdates";
import { streamedInteractions, type StreamedInteraction } from "./interactions";
import type { Lifecycle } from "./lifecycle";
import { readModel } from "./models";
import { Ranking } from "./recipes/model";
import { ARN, read } from "./requests";
import { CAMPAIGN, SOLUTION_VERSION } from "./typeNames";

/** https://docs.aws.amazon.com/personalize/latest/dg/API_RS_GetRecommendations.html */
const REQUEST = z.strictObject({
  campaignArn: ARN,
  userId: z.string().min(1).max(256).optional(),
  numResults: z.int().min(1).max(500).default(25),
});

/** GetRecommendations: answers from memory, by what was trained and by what streamed since. */
export class Recommendations implements Operation {
  private readonly loaded = new Map<string, { datasetGroupArn: string; ranking: Promise<Ranking> }>();

  constructor(
    private readonly cloud: Cloud,
    private readonly lifecycle: Lifecycle,
  ) {}

  readonly permissions: Operation["permissions"] = ({ campaignArn }) => [
    { action: "personalize:GetRecommendations", resource: String(campaignArn) },
  ];

  /** Each answer is in the log "recommendations" before it goes out. */
  readonly run: Operation["run"] = async (input) => {
    const { campaignArn, userId, numResults } = read(REQUEST, input);
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
    return { output: { itemList, recommendationId } };
  };

  /** Makes ready to answer from a version; what no campaign serves any more is forgotten. */
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

  /** Takes notice of an interaction of a dataset group that has just streamed. */
  see(datasetGroupArn: string, { userId, itemId, timestamp }: StreamedInteraction): void {
    for (const loaded of this.loaded.values()) {
      if (loaded.datasetGroupArn !== datasetGroupArn) continue;
      loaded.ranking.then(
        (ranking) => ranking.see(userId, [itemId, timestamp]),
        () => undefined,
      );
    }
  }

  /** What streamed after the training began is not in the model. */
  private async read(versionArn: string, datasetGroupArn: string): Promise<Ranking> {
    const ranking = new Ranking(await readModel(this.cloud, versionArn));
    for await (const { userId, itemId, timestamp } of streamedInteractions(this.cloud, this.lifecycle, datasetGroupArn)) {
      ranking.see(userId, [itemId, timestamp]);
    }
    return ranking;
  }
}
