import type { Production } from "./interactions/production";
import { countsBy, type ExportSettings } from "./reconciliation/export";
import { expectedExport, rowKey, rowOf } from "./reconciliation/expectedExport";

/** What Personalize asks of the rows that it trains on: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const LEAST_ROWS = 1000;
const LEAST_REPEAT_USERS = 25;
const LEAST_REPEAT_PERCENT = 1;
const MOST_EVENT_TYPES = 10;

/**
 * Explains what Personalize misses in the rows that the pipeline exports. Equal rows count once, as they do in training.
 *
 * @returns what follows "it has"; undefined when Personalize misses nothing
 */
export function shortfall(production: Production, settings: ExportSettings): string | undefined {
  const { interactionColumns, streamedEvents } = settings;
  const withEventType = interactionColumns.includes("EVENT_TYPE");
  const rowsByUser = new Map<string, number>();
  const eventTypes = new Set<string>();
  const seen = new Set<string>();
  let rows = 0;
  for (const [key, { streamed }] of expectedExport({ ...production, records: () => [] }, countsBy(settings)).rows) {
    if (streamed && streamedEvents === "exclude") continue;
    const { eventType = "", ...row } = rowOf(key);
    if (withEventType) {
      eventTypes.add(eventType);
    } else {
      const untyped = rowKey(row);
      if (seen.has(untyped)) continue;
      seen.add(untyped);
    }
    rowsByUser.set(row.userId, (rowsByUser.get(row.userId) ?? 0) + 1);
    rows += 1;
  }
  const repeatUsers = [...rowsByUser.values()].filter((count) => count > 1).length;
  if (rows < LEAST_ROWS || repeatUsers < LEAST_REPEAT_USERS) {
    const found = `${rows} interactions and ${repeatUsers} users with two or more`;
    return `only ${found}, and Personalize trains on at least ${LEAST_ROWS} and ${LEAST_REPEAT_USERS}`;
  }
  if (repeatUsers * 100 < rowsByUser.size * LEAST_REPEAT_PERCENT) {
    const found = `two or more interactions of only ${repeatUsers} of ${rowsByUser.size} users`;
    return `${found}, and Personalize trains on at least ${LEAST_REPEAT_PERCENT}% of the users with two`;
  }
  if (eventTypes.size <= MOST_EVENT_TYPES) return undefined;
  return `${eventTypes.size} event types, and Personalize takes at most ${MOST_EVENT_TYPES} (recommender.eventTypes names those that count)`;
}
