import { RunError } from "@pulumi/pulumi/errors";
import type { CatalogArgs } from "../components/catalog/catalog";
import type { DataLakeArgs } from "../components/dataLake/dataLake";
import type { EventFeedArgs } from "../components/eventFeed/eventFeed";
import type { EventForwarderArgs } from "../components/eventForwarder/eventForwarder";
import type { InteractionExportArgs } from "../components/interactionExport/interactionExport";
import type { NoticesArgs } from "../components/notices/notices";
import type { PipelineArgs } from "../components/pipeline/pipeline";
import type { RecommenderArgs } from "../components/recommender/recommender";
import { DEFAULT_EVENT_TYPE, INTERACTION_COLUMNS } from "../components/shared/interactions";
import {
  bucketName,
  databaseName,
  deliveryStreamName,
  isPersonal,
  PROJECT,
  streamName,
  type Zone,
  ZONES,
} from "../components/shared/naming";
import { checkSettings, isSetting, type Overrides, settingError } from "./settings";
import { stageDefaults } from "./stages";

/** A tenant's settings: what its stage decides, overridden by the stack file. What is left out has its default in the component. */
export interface TenantConfig {
  name: string;
  /** Physical names of the lake's buckets. */
  buckets: Record<Zone, string>;
  logRetentionDays: number;
  /** Columns of an interaction, in order. */
  interactionColumns: readonly string[];
  lake: Omit<DataLakeArgs, "context">;
  feed: Omit<EventFeedArgs, "context" | "upstream">;
  forwarder: Omit<EventForwarderArgs, "context" | "upstream" | "stream" | "trackingId">;
  recommender: Omit<RecommenderArgs, "context" | "interactionColumns"> & { campaign: boolean };
  catalog: Omit<CatalogArgs, "context">;
  export: Omit<InteractionExportArgs, "context" | "interactionColumns">;
  notices: Omit<NoticesArgs, "context">;
  pipeline: Pick<PipelineArgs, "schedule" | "timeZone" | "maxWaitHours" | "maxBadShare" | "maxShrink" | "streamedEvents" | "eventTypes"> &
    Required<Pick<PipelineArgs, "train" | "defaultEventType">>;
}

export interface Config {
  stage: string;
  tenants: TenantConfig[];
}

/** Prefix of the program's own configuration keys. */
export const NAMESPACE = `${PROJECT}:`;

/** Namespaces that are read by the provider and by the engine: https://www.pulumi.com/docs/iac/concepts/config/ */
const FOREIGN_NAMESPACES = ["aws", "pulumi"];

/**
 * Values in the project's namespace, by key without the namespace.
 *
 * @param config values by full key
 * @throws RunError of one line that names the first key in a namespace that nothing reads
 */
export function projectSettings(config: Record<string, string>): Record<string, string> {
  const unread = Object.keys(config).find((key) => ![PROJECT, ...FOREIGN_NAMESPACES].includes(key.split(":")[0]));
  if (unread !== undefined) {
    const known = `${PROJECT} (the program's own), ${FOREIGN_NAMESPACES.join(" or ")}`;
    throw new RunError(`config ${unread} must be in the namespace ${known}, got ${JSON.stringify(unread.split(":")[0])}`);
  }
  const own = Object.entries(config).filter(([key]) => key.startsWith(NAMESPACE));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length), value]));
}

/**
 * @param settings values by key, without the namespace; structured values are JSON text
 * @param stack the stack's name: the default of `stage`
 * @throws RunError of one line that names key, rule and value of the first invalid setting
 */
export function parseConfig(settings: Record<string, string>, stack: string): Config {
  rejectFlatKeys(settings, stack);
  const raw: Record<string, unknown> = { stage: stack };
  for (const [key, text] of Object.entries(settings)) raw[key] = key === "stage" || key === "lake" ? text : fromJson(text);
  if (Array.isArray(raw.tenants)) {
    raw.tenants = raw.tenants.map((tenant: unknown) => (typeof tenant === "string" ? { name: tenant } : tenant));
  }
  const { stage, tenants, ...shared } = checkSettings(raw);
  const resolved = tenants.map(({ name, ...own }) => resolve(stage, name, merge(inheritable(shared, own), own)));
  rejectClashes(resolved);
  return { stage, tenants: resolved };
}

/**
 * `pulumi config set stream.shards 2` without --path makes one key of the whole text.
 *
 * @throws RunError of one line that names the commands that fix it
 */
function rejectFlatKeys(settings: Record<string, string>, stack: string): void {
  const flat = Object.keys(settings).find((key) => isSetting(key.split(/[.[]/)[0]) && !isSetting(key));
  if (flat === undefined) return;
  const text = /^[ -~]{1,80}$/.test(settings[flat]) ? settings[flat] : "VALUE";
  const [key, value] = [`${NAMESPACE}${flat}`, text].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  throw new RunError(
    `config ${NAMESPACE}${flat} is one flat key, which nothing reads: run pulumi config rm ${key} -s ${stack}, ` +
      `then pulumi config set --path ${key} ${value} -s ${stack}`,
  );
}

/** Adds to a tenant's settings what the stage decides, and the names that no two tenants may share. */
function resolve(stage: string, name: string, settings: Overrides): TenantConfig {
  checkCombinations(stage, settings);
  const owner = { tenant: name, stage };
  const defaults = stageDefaults(stage);
  const { protect, lake: defaultLake, shared, forceDestroy } = defaults;
  const { lake = defaultLake, projectionStart, stream = {}, recommender = {}, pipeline } = settings;
  const { sourceConditions, interactionColumns = INTERACTION_COLUMNS, defaultEventType, eventTypes, ...personalize } = recommender;
  const { streamedEvents, ...exporting } = settings.export ?? {};
  const buckets = Object.fromEntries(ZONES.map((zone) => [zone, settings.buckets?.[zone] ?? bucketName(owner, zone)]));
  const adoptsFromDev = isPersonal(stage) && buckets.downstream === bucketName(owner, "downstream");
  return {
    name,
    buckets: buckets as Record<Zone, string>,
    logRetentionDays: settings.logRetentionDays ?? defaults.logRetentionDays,
    interactionColumns,
    lake: { lake, shared, sourceConditions, printStatements: lake === "existing" && !adoptsFromDev, protect, forceDestroy },
    feed: {
      stream: {
        name: streamName(owner),
        shards: stream.mode === "on-demand" ? undefined : defaults.shards,
        retentionHours: defaults.retentionHours,
        ...stream,
      },
      delivery: { name: deliveryStreamName(owner), ...settings.delivery },
      protect,
    },
    forwarder: { ...settings.forwarder },
    recommender: { campaign: defaults.campaign, requireBaseline: defaults.requireBaseline, protect, ...personalize },
    catalog: { database: settings.database ?? databaseName(owner), projectionStart },
    export: { ...exporting, ...(settings.history?.columns && { historyColumns: settings.history.columns }) },
    notices: { email: settings.alarms?.email },
    pipeline: {
      schedule: defaults.schedule,
      train: defaults.train,
      streamedEvents,
      eventTypes,
      defaultEventType: defaultEventType ?? DEFAULT_EVENT_TYPE,
      ...pipeline,
    },
  };
}

/** @throws RunError of one line when two settings exclude each other */
function checkCombinations(stage: string, { lake, buckets = {}, stream, export: exporting }: Overrides): void {
  const regional = ZONES.find((zone) => buckets[zone]?.endsWith("-an"));
  if (regional !== undefined && (lake ?? stageDefaults(stage).lake) === "create") {
    const rule = "a bucket name that does not end with -an, which S3 reserves for account regional namespaces, unless lake is existing";
    throw settingError(["buckets", regional], rule, buckets[regional]);
  }
  if (stream?.mode === "on-demand" && stream.shards !== undefined) {
    throw settingError(["stream", "shards"], "left out when stream.mode is on-demand", stream.shards);
  }
  if (lake === "create" && isPersonal(stage)) {
    throw settingError(["lake"], `existing in the personal stage ${stage}, which shares dev's buckets`, lake);
  }
  if (exporting?.source !== undefined && exporting.streamedEvents === "exclude") {
    throw settingError(
      ["export", "streamedEvents"],
      "include when export.source is set, because a source does not tell which interactions were streamed",
      exporting.streamedEvents,
    );
  }
}

/** @throws RunError of one line when two tenants, or two zones, would share what must not be mixed */
function rejectClashes(tenants: readonly TenantConfig[]): void {
  const owners = new Map<string, string>();
  for (const { name: tenant, buckets, feed, catalog, recommender } of tenants) {
    const names: [key: string, value: string | undefined][] = [
      ["tenants", tenant],
      ["database", catalog.database],
      ...Object.values(buckets).map((bucket): [string, string] => ["buckets", bucket]),
      ["stream.name", feed.stream?.name],
      ["delivery.name", feed.delivery?.name],
      ["recommender.existing.trackingId", recommender.existing?.trackingId],
    ];
    for (const [key, value] of names) {
      if (value === undefined) continue;
      const owner = owners.get(`${key} ${value}`);
      if (owner !== undefined) {
        const where = owner === tenant ? "twice" : `for ${owner} and ${tenant}; set it for one of them in tenants`;
        throw settingError([key], "different for every tenant and use", value, where);
      }
      owners.set(`${key} ${value}`, tenant);
    }
  }
}

/** An on-demand tenant does not inherit the number of shards that the stack sets for the others. */
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
