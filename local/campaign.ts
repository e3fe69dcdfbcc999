import { historyAlone } from "./interactions/production";
import type { Preparation } from "./prepare";
import { countsBy } from "./reconcile/exported";
import { expectedExport, rowKey, rowOf } from "./reconcile/exportedExpected";

/** Least that Personalize trains on: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const LEAST_ROWS = 1000;
const LEAST_USERS = 25;

/** What decides whether there can be a campaign. */
type Prospects = Pick<Preparation, "tenant" | "production" | "exported" | "training">;

/** Why no campaign can be there before anything is live; undefined: it can. */
export function whyNoCampaign({ tenant, production, exported, training }: Prospects): string | undefined {
  if (!training.campaign) return `tenant ${tenant} has no campaign (recommender.campaign)`;
  if (training.train === "never") return `tenant ${tenant} never trains (pipeline.train)`;
  const rowsOf = new Map<string, number>();
  const { rows } = expectedExport(historyAlone(production), countsBy(exported));
  const withEventType = exported.interactionColumns.includes("EVENT_TYPE");
  const distinct = withEventType ? rows.keys() : new Set([...rows.keys()].map((key) => rowKey({ ...rowOf(key), eventType: undefined })));
  let total = 0;
  for (const key of distinct) {
    const { userId } = rowOf(key);
    rowsOf.set(userId, (rowsOf.get(userId) ?? 0) + 1);
    total += 1;
  }
  const users = [...rowsOf.values()].filter((count) => count > 1).length;
  if (total >= LEAST_ROWS && users >= LEAST_USERS) return undefined;
  const found = `${total} interactions and ${users} users with two or more`;
  return `the history alone has ${found}, and Personalize trains on at least ${LEAST_ROWS} and ${LEAST_USERS}`;
}
