/** Items that one event can name: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html */
export const MOST_SHOWN = 25;
/** Below the 10 KB of an event, with room for all but its items: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const MAX_ITEMS_BYTES = 9 * 1024;

/** What a session was shown. */
export interface Recommendation {
  items: readonly string[];
  recommendationId: string;
}

/**
 * What a dashboard shows of a campaign's answer: its first items, as many as fit into the event that tells of them.
 *
 * @returns undefined when there is nothing to show
 */
export function shownOf({ items, recommendationId }: Recommendation): Recommendation | undefined {
  let bytes = 0;
  const fits = (item: string): boolean => (bytes += Buffer.byteLength(JSON.stringify(item)) + 1) <= MAX_ITEMS_BYTES;
  const tooMany = items.findIndex((item, place) => place === MOST_SHOWN || !fits(item));
  const shown = tooMany === -1 ? items : items.slice(0, tooMany);
  return shown.length === 0 ? undefined : { items: shown, recommendationId };
}
