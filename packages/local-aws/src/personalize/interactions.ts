import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from "@duckdb/node-api";
import { literal } from "../athena/engine";
import type { Cloud, Json } from "../service";
import { DATASET, IMPORT_JOB, JobFailure, type Lifecycle, type Resource, SCHEMA } from "./lifecycle";

/** A field of a dataset's schema. */
export interface SchemaField {
  name: string;
  type: string | string[];
}

/** An event as PutEvents accepts it. */
export interface TrackedEvent extends Json {
  eventType: string;
  /** Epoch seconds. */
  sentAt?: unknown;
  itemId?: string;
  /** Text of a JSON object. */
  properties?: string;
}

/** An interaction that PutEvents accepted. */
export interface StreamedInteraction {
  userId: string;
  itemId: string;
  /** Epoch seconds. */
  timestamp: number;
  eventType: string;
}

/** An entry of the log "events". */
export interface AcceptedEvent {
  /** Epoch milliseconds. */
  at: number;
  call: number;
  trackingId: string;
  /** The tracker's dataset group: the tracker itself may be deleted when the log is read. */
  datasetGroupArn: string;
  sessionId: string;
  userId: string | null;
  event: TrackedEvent;
}

/** Interactions that PutEvents added to a group's dataset, in the order of their arrival; none when the group has no dataset. */
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

/**
 * The interaction of an event; undefined when the event lacks a user or an item, as an impression does. The item may be among the
 * properties, as older clients send it.
 *
 * @see https://awscli.amazonaws.com/v2/documentation/api/2.0.33/reference/personalize-events/put-events.html
 */
export function interactionOf({ userId, event }: Pick<AcceptedEvent, "userId" | "event">): StreamedInteraction | undefined {
  const { properties = "{}", sentAt, eventType } = event;
  const itemId = event.itemId ?? (JSON.parse(properties) as { itemId?: unknown }).itemId;
  if (userId === null || typeof itemId !== "string") return undefined;
  return { userId, itemId, timestamp: Math.floor(Number(sentAt)), eventType };
}

/**
 * Creates the table `interactions` (user_id, item_id, timestamp, event_type) with all rows of a group's dataset, imported and streamed,
 * without exact duplicates. A schema without EVENT_TYPE leaves event_type NULL.
 *
 * @throws JobFailure when the group has no dataset, or when it has too many event types
 */
export async function loadInteractions(sql: Sql, cloud: Cloud, lifecycle: Lifecycle, datasetGroupArn: string): Promise<void> {
  const dataset = datasetOf(lifecycle, datasetGroupArn);
  if (!dataset) throw new JobFailure(`${datasetGroupArn} has no Interactions dataset.`);
  const file = join(sql.folder, "streamed.ndjson");
  await pipeline(Readable.from(linesOf(streamedInteractions(cloud, lifecycle, datasetGroupArn))), createWriteStream(file));
  const fields = schemaOf(lifecycle, dataset);
  const typed = fields.some(({ name }) => name === "EVENT_TYPE") ? "eventType" : "NULL";
  const columns = "{userId: 'VARCHAR', itemId: 'VARCHAR', timestamp: 'BIGINT', eventType: 'VARCHAR'}";
  const rows = `read_json(${literal(file)}, columns = ${columns}, format = 'newline_delimited')`;
  const streamed = `SELECT userId AS user_id, itemId AS item_id, "timestamp", CAST(${typed} AS VARCHAR) AS event_type FROM ${rows}`;
  const imported = filesOf(lifecycle, dataset).map((each) => `SELECT * FROM read_parquet(${literal(each)})`);
  await sql.run(`CREATE OR REPLACE TABLE interactions AS ${[...imported, streamed].join(" UNION ")}`);
  const [[eventTypes]] = await sql.rows("SELECT count(DISTINCT event_type) FROM interactions");
  checkEventTypes(dataset.arn, Number(eventTypes), fields);
}

async function* linesOf(rows: AsyncIterable<StreamedInteraction>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

function datasetOf(lifecycle: Lifecycle, datasetGroupArn: string): Resource | undefined {
  return lifecycle.all(DATASET, { DatasetGroupArn: datasetGroupArn, DatasetType: "Interactions" }).at(0);
}

/** Parquet files with the imported rows of a dataset: of the newest full import and of the incremental imports after it. */
export function filesOf(lifecycle: Lifecycle, dataset: Resource): string[] {
  const jobs = lifecycle.all(IMPORT_JOB, { DatasetArn: dataset.arn });
  const done = jobs.filter(({ status, createdAt }) => status === "ACTIVE" && createdAt >= dataset.createdAt);
  const inOrder = done.sort((a, b) => a.updatedAt - b.updatedAt);
  const full = inOrder.findLastIndex(({ properties }) => properties.ImportMode === "FULL");
  return full < 0 ? [] : inOrder.slice(full).map(({ attributes }) => String(attributes.File));
}

/** Fields that every schema of interactions may have: https://docs.aws.amazon.com/personalize/latest/dg/interactions-datasets.html */
const RESERVED = [
  ...["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID"],
  "EVENT_ATTRIBUTION_SOURCE",
];
/** Distinct event types and optional metadata columns together: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const MOST_EVENT_TYPES = 10;

/** @throws JobFailure when a dataset has more distinct event types and optional metadata columns together than the service takes */
export function checkEventTypes(what: string, eventTypes: number, fields: readonly SchemaField[]): void {
  const optional = fields.filter(({ name }) => !RESERVED.includes(name)).length;
  if (eventTypes + optional <= MOST_EVENT_TYPES) return;
  const rule = `at most ${MOST_EVENT_TYPES} distinct event types combined with optional metadata columns`;
  throw new JobFailure(`${what}: there must be ${rule}, got ${eventTypes} and ${optional}.`);
}

/** The fields of a dataset's rows. */
export function schemaOf(lifecycle: Lifecycle, { properties }: Resource): SchemaField[] {
  const { Schema } = lifecycle.find(SCHEMA, properties.SchemaArn).properties;
  return (JSON.parse(String(Schema)) as { fields: SchemaField[] }).fields;
}

/** A DuckDB for one job, with a folder for its files. */
export class Sql {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    /** Absolute path of a folder that {@link use} removes. */
    readonly folder: string,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Runs work with a database, and closes the database afterwards.
   *
   * @param folder absolute path of a folder to create, and to remove afterwards
   * @param signal interrupts a running statement
   */
  static async use<T>(folder: string, signal: AbortSignal, work: (sql: Sql) => Promise<T>): Promise<T> {
    await mkdir(folder, { recursive: true });
    const instance = await (
      await import("@duckdb/node-api")
    ).DuckDBInstance.create(":memory:", { memory_limit: "2GB", temp_directory: join(folder, "spill") });
    const sql = new Sql(instance, await instance.connect(), folder, signal);
    const interrupt = (): void => sql.connection.interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      return await work(sql);
    } finally {
      signal.removeEventListener("abort", interrupt);
      sql.connection.closeSync();
      sql.instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    }
  }

  async run(statement: string): Promise<void> {
    this.signal.throwIfAborted();
    await this.connection.run(statement);
  }

  /** All rows of a query; a BIGINT is a bigint. */
  async rows(query: string): Promise<DuckDBValue[][]> {
    this.signal.throwIfAborted();
    return (await this.connection.runAndReadAll(query)).getRows();
  }
}
