import * as pulumi from "@pulumi/pulumi";
import type { CatalogArgs } from "../components/catalog/catalog";
import type { DataLakeArgs } from "../components/dataLake/dataLake";
import type { EventFeedArgs } from "../components/eventFeed/eventFeed";
import type { EventForwarderArgs } from "../components/eventForwarder/eventForwarder";
import type { InteractionExportArgs } from "../components/interactionExport/interactionExport";
import { bucketName, databaseName, isPersonal, physicalName, PROJECT, type Zone, ZONES } from "../components/shared/naming";
import type { PipelineArgs } from "../components/pipeline/pipeline";
import type { RecommenderArgs } from "../components/recommender/recommender";
import { checkSettings, keyOf, type Overrides, wrong } from "./settings";
import { defaultsOf } from "./stages";

/** Everything that differs between tenants, with every default filled in. */
export interface TenantConfig {
  name: string;
  /** Physical names of the lake's buckets. */
  buckets: Record<Zone, string>;
  lake: Omit<DataLakeArgs, "context" | "protect">;
  stream: EventFeedArgs["stream"];
  delivery: EventFeedArgs["delivery"];
  forwarder: Omit<EventForwarderArgs, "context" | "stream" | "upstream" | "trackingId">;
  catalog: Pick<CatalogArgs, "database" | "projectionStart">;
  export: Pick<InteractionExportArgs, "engine" | "source"> & Pick<PipelineArgs, "streamedEvents">;
  pipeline: Pick<PipelineArgs, "schedule" | "timeZone" | "train" | "maxWaitHours">;
  recommender: Pick<RecommenderArgs, "interactionColumns" | "existing" | "recipe" | "campaign" | "minProvisionedTps"> & {
    defaultEventType: string;
    /** Which event types count as interactions. @default all but impression */
    eventTypes?: string[];
    /** Whether the dataset refuses to be replaced. */
    protectsDataset: boolean;
  };
  logRetentionDays: number;
  protect: boolean;
}

export interface Config {
  stage: string;
  tenants: TenantConfig[];
}

/** PutEvents calls a second that a dataset group takes: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const PUT_EVENTS_PER_SECOND = 1000;
/** Shards that a stream on demand begins with: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html */
const ON_DEMAND_SHARDS = 4;

/**
 * Reads the stack's settings.
 *
 * @throws RunError of one line, which names key, rule and value of the first setting that is wrong
 */
export function loadConfig(): Config {
  const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || "[]") as string[];
  return parseConfig(pulumi.runtime.allConfig(), secretKeys, pulumi.getStack());
}

/**
 * @param all every configuration value by full key; structured values are JSON text
 * @param secretKeys full keys of the values that are secrets
 * @param stack the stack's name: the default of `stage`
 * @throws RunError as {@link loadConfig}
 */
export function parseConfig(all: Record<string, string>, secretKeys: readonly string[], stack: string): Config {
  const raw: Record<string, unknown> = { stage: stack };
  for (const [fullKey, text] of Object.entries(all)) {
    if (!fullKey.startsWith(`${PROJECT}:`)) continue;
    const key = fullKey.slice(PROJECT.length + 1);
    if (secretKeys.includes(fullKey)) throw new pulumi.RunError(`config ${fullKey} must be plain text, got a secret`);
    raw[key] = key === "stage" || key === "lake" ? text : fromJson(text);
  }
  if (Array.isArray(raw.tenants))
    raw.tenants = raw.tenants.map((tenant: unknown) => (typeof tenant === "string" ? { name: tenant } : tenant));
  const { stage, tenants, ...shared } = checkSettings(raw);
  const resolved = tenants.map(({ name, ...own }) => resolve(stage, name, merge(inheritable(shared, own), own)));
  rejectClashes(resolved);
  return { stage, tenants: resolved };
}

function resolve(stage: string, name: string, settings: Overrides): TenantConfig {
  const defaults = defaultsOf(stage);
  const owner = { tenant: name, stage };
  const { mode = "provisioned", retentionHours = defaults.retentionHours, ...stream } = settings.stream ?? {};
  const onDemand = mode === "on-demand";
  if (onDemand && stream.shards !== undefined) {
    throw wrong(keyOf(["stream", "shards"]), "left out when stream.mode is on-demand", stream.shards);
  }
  const lake = settings.lake ?? defaults.lake;
  if (lake === "create" && isPersonal(stage)) {
    throw wrong(keyOf(["lake"]), `existing in the personal stage ${stage}, which shares dev's buckets`, lake);
  }
  const { source, streamedEvents = "include" } = settings.export ?? {};
  if (source !== undefined && streamedEvents === "exclude") {
    throw wrong(
      keyOf(["export", "streamedEvents"]),
      "include when export.source is set, for nothing tells what of it streamed",
      streamedEvents,
    );
  }
  const shards = onDemand ? undefined : (stream.shards ?? defaults.shards);
  const parallelizationFactor = settings.forwarder?.parallelizationFactor ?? 1;
  const pollers = (shards ?? ON_DEMAND_SHARDS) * parallelizationFactor;
  const ownDownstream = bucketName(owner, "downstream");
  const buckets = Object.fromEntries(ZONES.map((zone) => [zone, settings.buckets?.[zone] ?? bucketName(owner, zone)]));
  const { sourceConditions = true, protect: protectsDataset = defaults.protect, ...recommender } = settings.recommender ?? {};
  return {
    name,
    buckets: buckets as TenantConfig["buckets"],
    lake: {
      lake,
      sourceConditions,
      shared: defaults.shared,
      printStatements: lake === "existing" && !(isPersonal(stage) && buckets.downstream === ownDownstream),
      forceDestroy: defaults.forceDestroy,
    },
    stream: { name: stream.name ?? physicalName("stream", owner, "stream"), mode, shards, retentionHours },
    delivery: {
      name: physicalName("deliveryStream", owner, "delivery"),
      intervalSeconds: 300,
      sizeMiB: 5,
      compression: "UNCOMPRESSED",
      ...settings.delivery,
    },
    forwarder: {
      batchSize: 500,
      windowSeconds: 1,
      memoryMiB: 256,
      timeoutSeconds: 60,
      callsPerSecond: Math.max(1, Math.floor(PUT_EVENTS_PER_SECOND / pollers)),
      ...settings.forwarder,
      parallelizationFactor,
    },
    catalog: {
      database: settings.database ?? databaseName(owner),
      projectionStart: settings.projectionStart ?? "2026/01/01/00",
    },
    export: { engine: "lambda", streamedEvents, ...settings.export },
    pipeline: { schedule: defaults.schedule, timeZone: "UTC", train: defaults.train, maxWaitHours: 24, ...settings.pipeline },
    recommender: {
      interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
      defaultEventType: "interaction",
      recipe: "aws-user-personalization-v2",
      campaign: defaults.campaign,
      minProvisionedTps: 1,
      protectsDataset,
      ...recommender,
    },
    logRetentionDays: settings.logRetentionDays ?? defaults.logRetentionDays,
    protect: defaults.protect,
  };
}

/** Two tenants, or two zones, must not share what would mix their data. */
function rejectClashes(tenants: TenantConfig[]): void {
  const named: [string, string][] = tenants.flatMap(({ name, buckets, catalog, stream, delivery, recommender }): [string, string][] => [
    ["tenants", name],
    ["database", catalog.database],
    ...ZONES.map((zone): [string, string] => ["buckets", buckets[zone]]),
    ["stream.name", stream.name],
    ["delivery.name", delivery.name],
    ...(recommender.existing ? [["recommender.existing.trackingId", recommender.existing.trackingId] as [string, string]] : []),
  ]);
  const seen = new Set<string>();
  for (const [key, value] of named) {
    if (seen.has(`${key} ${value}`)) throw wrong(keyOf([key]), "different for every tenant and use", value, "twice");
    seen.add(`${key} ${value}`);
  }
}

/** A tenant on demand does not inherit the number of shards that the stack gives the others. */
function inheritable(shared: Overrides, own: Overrides): Overrides {
  if (own.stream?.mode !== "on-demand" || shared.stream === undefined) return shared;
  return { ...shared, stream: { ...shared.stream, shards: undefined } };
}

function merge<T extends object>(base: T, over: T): T {
  const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(over).map(([key, value]: [string, unknown]) => {
    const below = (base as Record<string, unknown>)[key];
    return [key, isObject(below) && isObject(value) ? merge(below, value) : value];
  });
  return { ...base, ...(Object.fromEntries(entries) as T) };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
