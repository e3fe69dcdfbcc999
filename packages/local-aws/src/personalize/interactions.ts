import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { literal } from "../athena/engine";
import type { Cloud } from "../service";
import { DATASET } from "./controlPlane";
import { filesOf, schemaOf } from "./imports";
import { JobFailure, type Lifecycle, type Made } from "./lifecycle";
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

/** An event as the log "events" has it. */
export interface AcceptedEvent {
  /** Epoch milliseconds. */
  at: number;
  call: number;
  trackingId: string;
  /** The tracker's; a tracker may be gone when its events are read. */
  datasetGroupArn: string;
  sessionId: string;
  userId: string | null;
  event: TrackedEvent;
}

/** Interactions that streamed into a group's dataset so far, in the order in which they came; none when it has no dataset. */
export async function* streamedInteractions(
  cloud: Cloud,
  lifecycle: Lifecycle,
  datasetGroupArn: string,
): AsyncGenerator<StreamedInteraction> {
  const dataset = datasetOf(lifecycle, datasetGroupArn);
  if (!dataset) return;
  for await (const entry of cloud.store("personalize").replay("events")) {
    const accepted = entry as unknown as AcceptedEvent;
    if (accepted.datasetGroupArn !== datasetGroupArn || accepted.at < dataset.createdAt) continue;
    const interaction = interactionOf(accepted);
    if (interaction) yield interaction;
  }
}

/** What an event tells of a user and an item; undefined when it names none, as an impression. */
export function interactionOf({ userId, event }: Pick<AcceptedEvent, "userId" | "event">): StreamedInteraction | undefined {
  const { itemId, sentAt, eventType } = event;
  if (userId === null || typeof itemId !== "string") return undefined;
  return { userId, itemId, timestamp: Math.floor(Number(sentAt)), eventType };
}

/**
 * Makes the table `interactions` (user_id, item_id, timestamp, event_type) of all that a group's dataset holds: what was imported and
 * what streamed, exact duplicates once. A schema without EVENT_TYPE leaves event_type NULL.
 *
 * @throws JobFailure when the group has no dataset
 */
export async function loadInteractions(sql: Sql, cloud: Cloud, lifecycle: Lifecycle, datasetGroupArn: string): Promise<void> {
  const dataset = datasetOf(lifecycle, datasetGroupArn);
  if (!dataset) throw new JobFailure(`${datasetGroupArn} has no Interactions dataset.`);
  const file = join(sql.folder, "streamed.ndjson");
  await pipeline(Readable.from(linesOf(streamedInteractions(cloud, lifecycle, datasetGroupArn))), createWriteStream(file));
  const typed = schemaOf(lifecycle, dataset).some(({ name }) => name === "EVENT_TYPE") ? "eventType" : "NULL";
  const columns = "{userId: 'VARCHAR', itemId: 'VARCHAR', timestamp: 'BIGINT', eventType: 'VARCHAR'}";
  const rows = `read_json(${literal(file)}, columns = ${columns}, format = 'newline_delimited')`;
  const streamed = `SELECT userId AS user_id, itemId AS item_id, "timestamp", CAST(${typed} AS VARCHAR) AS event_type FROM ${rows}`;
  const imported = filesOf(lifecycle, dataset).map((each) => `SELECT * FROM read_parquet(${literal(each)})`);
  await sql.run(`CREATE OR REPLACE TABLE interactions AS ${[...imported, streamed].join(" UNION ")}`);
}

async function* linesOf(rows: AsyncIterable<StreamedInteraction>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

function datasetOf(lifecycle: Lifecycle, datasetGroupArn: string): Made | undefined {
  return lifecycle.all(DATASET, { DatasetGroupArn: datasetGroupArn, DatasetType: "Interactions" }).at(0);
}
