import { GetRecommendationsCommand, type PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import type { Production } from "./interactions/production";
import { MOST_SHOWN, shownOf, type Recommendation } from "./interactions/recommendation";
import { produce, type ProduceOptions, type Sent } from "./producer";
import { askFirst } from "./producer/askFirst";

/** Sessions that are open together when they ask: the later ones see what the earlier ones did. */
const OPEN_SESSIONS = 64;

/** Whom the dashboards ask. */
export interface Asked {
  runtime: PersonalizeRuntimeClient;
  campaignArn: string;
}

/** What is played, and where to. */
export interface ReplayOptions extends Omit<ProduceOptions, "records"> {
  production: Production;
  /** A campaign that answers. @default none is asked */
  asked?: Asked;
}

/**
 * Plays the live rows as dashboards do. With a campaign each session begins with its recommendations: what it is shown goes on the
 * stream as an impression, and what follows from it carries the recommendation's id.
 *
 * @throws what the stream or the campaign refuses; the signal's reason when it is aborted
 */
export function replay({ production, asked, ...options }: ReplayOptions): Promise<Sent> {
  if (asked === undefined) return produce({ ...options, records: production.records() });
  const records = askFirst(production.turns(), ({ userId }) => recommend(asked, userId, options.signal));
  return produce({ ...options, records, sessions: OPEN_SESSIONS });
}

async function recommend({ runtime, campaignArn }: Asked, userId: string, signal: AbortSignal): Promise<Recommendation | undefined> {
  const command = new GetRecommendationsCommand({ campaignArn, userId, numResults: MOST_SHOWN });
  // A signal of its own: the client listens to it as long as it waits, and many wait at the same time.
  const { itemList = [], recommendationId = "" } = await runtime.send(command, { abortSignal: AbortSignal.any([signal]) });
  return shownOf({ items: itemList.flatMap(({ itemId }) => itemId ?? []), recommendationId });
}
