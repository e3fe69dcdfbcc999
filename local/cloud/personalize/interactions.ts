import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { literal } from "../athena/engine";
import type { Cloud } from "../service";
import { DATASET, EVENT_TRACKER } from "./controlPlane";
import { filesOf } from "./imports";
import type { Lifecycle } from "./lifecycle";
import type { Sql } from "./sql";
import type { TrackedEvent } from "./validateEvents";

/** An interaction that streamed. */
export interface StreamedInteraction {
  userId: string;
  itemId: string;
  /** Epoch seconds. */
  timestamp: number;
  eventType: string;
}

/** An event as the log "events" keeps it. */
interface Entry {
  trackingId: string;
  userId: string | null;
  event: TrackedEvent;
}

/** Interactions that streamed into a dataset group so far, in the order in which they came. */
export async function* streamedInteractions(
  cloud: Cloud,
  lifecycle: Lifecycle,
  datasetGroupArn: string,
): AsyncGenerator<StreamedInteraction> {
  const trackers = lifecycle.all(EVENT_TRACKER, { DatasetGroupArn: datasetGroupArn });
  const ids = new Set(trackers.map(({ attributes }) => attributes.TrackingId));
  for await (const entry of cloud.store("personalize").replay("events") as AsyncIterable<unknown> as AsyncIterable<Entry>) {
    const interaction = ids.has(entry.trackingId) ? interactionOf(entry) : undefined;
    if (interaction) yield interaction;
  }
}

/** What an event tells of a user and an item; undefined when it names none, as an impression. */
export function interactionOf({ userId, event }: Pick<Entry, "userId" | "event">): StreamedInteraction | undefined {
  const { itemId, sentAt, eventType } = event;
  if (userId === null || typeof itemId !== "string") return undefined;
  return { userId, itemId, timestamp: Math.floor(Number(sentAt)), eventType };
}

/**
 * Makes the table `interactions` (user_id, item_id, timestamp, event_type) of all that a group's dataset holds: what was imported and
 * what streamed, exact duplicates once.
 */
export async function loadInteractions(sql: Sql, cloud: Cloud, lifecycle: Lifecycle, datasetGroupArn: string): Promise<void> {
  const file = join(sql.folder, "streamed.ndjson");
  const lines = async function* () {
    for await (const row of streamedInteractions(cloud, lifecycle, datasetGroupArn)) yield `${JSON.stringify(row)}\n`;
  };
  await pipeline(Readable.from(lines()), createWriteStream(file));
  const columns = "{userId: 'VARCHAR', itemId: 'VARCHAR', timestamp: 'BIGINT', eventType: 'VARCHAR'}";
  const streamed = `SELECT userId AS user_id, itemId AS item_id, "timestamp", eventType AS event_type FROM read_json(${literal(file)}, columns = ${columns}, format = 'newline_delimited')`;
  const [dataset] = lifecycle.all(DATASET, { DatasetGroupArn: datasetGroupArn, DatasetType: "Interactions" });
  const files = dataset ? filesOf(lifecycle, dataset) : [];
  const imported = files.map((each) => `SELECT user_id, item_id, "timestamp", event_type FROM read_parquet(${literal(each)})`);
  await sql.run(`CREATE OR REPLACE TABLE interactions AS ${[...imported, streamed].join(" UNION ")}`);
}
