import { RunError } from "@pulumi/pulumi/errors";
import { z } from "zod";
import { MOST_EVENT_TYPES } from "../components/shared/interactions";
import { PROJECT, RESERVED_STAGES, STAGE_PATTERN, ZONES } from "../components/shared/naming";
import { brokenRule } from "./scheduleExpression";

/** Retention periods in days that CloudWatch Logs accepts: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/**
 * Recipes that rank items for a user, or for all users, and train on interactions alone. Others answer another question, or need other
 * data: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html
 */
const RECIPES = ["aws-user-personalization-v2", "aws-user-personalization", "aws-popularity-count", "aws-trending-now"] as const;

const HOUR = "an hour as 2026/01/31/00";

const NAME_RULES = {
  tenant: text(/^[a-z][a-z0-9]{1,19}$/, "a lower-case letter and 1 to 19 lower-case letters or digits").refine(
    (tenant) => tenant !== "sthree",
    { error: "another name than sthree, because S3 reserves bucket names that begin with sthree-" },
  ),
  stage: text(STAGE_PATTERN, "a lower-case letter and 1 to 11 lower-case letters or digits"),
  bucket: bucketName(),
  stream: text(/^[a-zA-Z0-9_.-]{1,128}$/, "1 to 128 letters, digits, dots, hyphens or underscores"),
  deliveryStream: text(/^[a-zA-Z0-9_.-]{1,64}$/, "1 to 64 letters, digits, dots, hyphens or underscores"),
  database: text(/^[a-z0-9_]{1,255}$/, "1 to 255 lower-case letters, digits or underscores"),
};
const EVENT_TYPE = text(/^\P{Cc}{1,256}$/u, "1 to 256 characters without control characters");

/** Every setting that may differ between tenants; all may be left out. */
const overridable = {
  lake: oneOf("create", "existing"),
  buckets: section(Object.fromEntries(ZONES.map((zone) => [zone, NAME_RULES.bucket])) as Record<(typeof ZONES)[number], z.ZodString>),
  database: NAME_RULES.database,
  stream: section({
    mode: oneOf("provisioned", "on-demand"),
    shards: whole(1, 10_000),
    retentionHours: whole(24, 8760),
    name: NAME_RULES.stream,
  }),
  delivery: section({
    intervalSeconds: whole(0, 900),
    sizeMiB: whole(1, 128),
    compression: oneOf("UNCOMPRESSED", "GZIP"),
    name: NAME_RULES.deliveryStream,
  }),
  forwarder: section({
    batchSize: whole(1, 10_000),
    windowSeconds: whole(0, 300),
    parallelizationFactor: whole(1, 10),
    memoryMiB: whole(128, 10_240),
    timeoutSeconds: whole(1, 900),
    reservedConcurrency: whole(1, 10_000),
    callsPerSecond: whole(1, 10_000),
  }),
  history: section({ columns: historyColumns() }),
  recommender: section({
    recipe: oneOf(...RECIPES),
    interactionColumns: interactionColumns(),
    defaultEventType: EVENT_TYPE,
    eventTypes: z
      .array(EVENT_TYPE, { error: "a list of event types" })
      .min(1, { error: "a list of at least one event type" })
      .max(MOST_EVENT_TYPES, { error: `a list of at most ${MOST_EVENT_TYPES} event types` }),
    sourceConditions: z.boolean({ error: "true or false" }),
    existing: existingRecommender(),
    protect: z.boolean({ error: "true or false" }),
    campaign: z.boolean({ error: "true or false" }),
    minProvisionedTps: whole(1, 500),
    metric: text(/^[a-z][a-z0-9_]{0,99}$/, "the name of an offline metric, 1 to 100 lower-case letters, digits or underscores"),
    tolerance: share(),
    requireBaseline: z.boolean({ error: "true or false" }),
  }),
  export: section({
    engine: oneOf("lambda", "glue"),
    source: exportSource(),
    streamedEvents: oneOf("include", "exclude"),
  }),
  pipeline: section({
    schedule: schedule(),
    timeZone: timeZone(),
    train: oneOf("never", "afterExport", "weekly"),
    maxWaitHours: whole(1, 72),
    maxBadShare: share(),
    maxShrink: share(),
  }),
  alarms: section({ email: email() }),
  projectionStart: z.string({ error: HOUR }).refine(isHour, { error: HOUR }),
  logRetentionDays: z.literal(LOG_RETENTION_DAYS, { error: `one of ${LOG_RETENTION_DAYS.join(", ")}` }),
};

const overrides = section(overridable);
const tenant = objectWith({ name: NAME_RULES.tenant, ...overrides.shape }, "a name, or an object with");

/** The settings of a stack file, with every tenant as an object. Each rule completes the sentence "<key> must be ...". */
const stackSettings = objectWith({
  ...overrides.shape,
  stage: NAME_RULES.stage.refine((stage) => !RESERVED_STAGES.includes(stage), {
    error: `another name than the reserved ${RESERVED_STAGES.join(", ")}`,
  }),
  tenants: z.array(tenant, { error: "a list of tenants" }).min(1, { error: "a list of at least one tenant" }),
});

/** The settings that may differ between tenants. */
export type Overrides = z.infer<typeof overrides>;
export type StackSettings = z.infer<typeof stackSettings>;

/** Whether a stack file may have a key, without the namespace. */
export function isSetting(key: string): boolean {
  return Object.hasOwn(stackSettings.shape, key);
}

/**
 * @param raw values by key, without the namespace
 * @throws RunError of one line that names key, rule and value of the first invalid setting
 */
export function checkSettings(raw: Record<string, unknown>): StackSettings {
  const result = stackSettings.safeParse(raw);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue.code === "unrecognized_keys") {
    const parent = issue.path.length === 0 ? PROJECT : keyOf(issue.path);
    const key = keyOf([...issue.path, issue.keys[0]]);
    throw new RunError(`config ${PROJECT}:${key} is an unknown setting; \`${parent}\` accepts ${issue.message}`);
  }
  throw settingError(issue.path, issue.message, valueAt(raw, issue.path));
}

/**
 * The error for an invalid value, as one line.
 *
 * @param rule completes the sentence "<key> must be ..."
 * @param suffix follows the value
 */
export function settingError(path: readonly PropertyKey[], rule: string, value: unknown, suffix = ""): RunError {
  const got = value === undefined ? "nothing" : JSON.stringify(value);
  const shown = got.length > 80 ? `${got.slice(0, 80)}...` : got;
  return new RunError(`config ${PROJECT}:${keyOf(path)} must be ${rule}, got ${shown}${suffix && ` ${suffix}`}`);
}

/** A setting's key as a stack file writes it. */
function keyOf(path: readonly PropertyKey[]): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${String(part)}`)).join("");
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value: unknown, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], root);
}

function whole(from: number, to: number) {
  const error = `a whole number from ${from} to ${to}`;
  return z.number({ error }).int({ error }).min(from, { error }).max(to, { error });
}

function share() {
  const error = "a share from 0 to 1";
  return z.number({ error }).min(0, { error }).max(1, { error });
}

/** An address that an email subscription takes. */
function email() {
  const error = "an email address";
  return z.email({ error }).max(256, { error });
}

function oneOf<const T extends string>(...values: T[]) {
  return z.enum(values, { error: values.join(" or ") });
}

function text(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error });
}

function objectWith<T extends z.ZodRawShape>(members: T, form = "an object with") {
  const names = Object.keys(members).join(", ");
  return z.strictObject(members, { error: ({ code }) => (code === "unrecognized_keys" ? names : `${form} ${names}`) });
}

/** An object whose members may all be left out. */
function section<T extends z.ZodRawShape>(members: T) {
  return objectWith(members).partial();
}

/** False for days that do not exist, such as 30 February. */
function isHour(text: string): boolean {
  if (!/^20\d\d\/\d\d\/\d\d\/\d\d$/.test(text)) return false;
  const [year, month, day, hour] = text.split("/").map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour)).toISOString().slice(0, 13).replace(/[-T]/g, "/") === text;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function bucketName() {
  const [starts, ends] = [
    ["xn--", "sthree-", "amzn-s3-demo-"],
    ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"],
  ];
  return text(
    /^(?!\d+(\.\d+){3}$)[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]$/,
    "a bucket name of 3 to 63 lower-case letters, digits, dots or hyphens, and no IP address",
  ).refine((name) => !starts.some((start) => name.startsWith(start)) && !ends.some((end) => name.endsWith(end)), {
    error: `a bucket name that does not begin with ${starts.join(", ")} and does not end with ${ends.join(", ")}, which S3 reserves`,
  });
}

function schedule() {
  return z.string({ error: "off, cron(...) or rate(...)" }).superRefine((text, context) => {
    const message = text === "off" ? undefined : brokenRule(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });
}

/** A name of the IANA database: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#time-zones */
function timeZone() {
  const error = "a time zone such as UTC or Asia/Singapore";
  return z.string({ error }).refine(isTimeZone, { error });
}

/** Node.js takes offsets and any case as well, and resolves an alias to another name. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Z][\w+-]*(\/[A-Z][\w+-]*)*$/.test(name)) return false;
  try {
    const { timeZone: resolved } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return resolved === name || resolved.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

function interactionColumns() {
  const required = ["USER_ID", "ITEM_ID", "TIMESTAMP"];
  const error = `the list ${required.join(", ")}, with or without EVENT_TYPE as the fourth`;
  const known = [required.join(), [...required, "EVENT_TYPE"].join()];
  return z.array(z.string({ error }), { error }).refine((columns) => known.includes(columns.join()), { error });
}

function historyColumns() {
  const name = text(
    /^(?!\s)[^\p{C}\p{Zl}\p{Zp}"]{1,128}(?<!\s)$/u,
    "a header name of 1 to 128 printable characters without quotes, and without spaces around it",
  );
  const columns = section({ USER_ID: name, ITEM_ID: name, TIMESTAMP: name, EVENT_TYPE: name });
  return columns.refine((names) => new Set(Object.values(names).map((one) => one.toLowerCase())).size === Object.keys(names).length, {
    error: "a different header name for every column",
  });
}

function exportSource() {
  const members = {
    prefix: text(
      /^(?!(.*\/)?\.{1,2}\/)([\w.=-]+\/){2,}$/,
      "a key prefix of two or more folders (letters, digits, - _ . =) that ends with a slash, as crm/interactions/",
    ),
    header: text(
      /^(?!-)[^\p{C}\p{Zl}\p{Zp}]{1,1024}$/u,
      "a line of text of 1 to 1024 printable characters that does not begin with a hyphen",
    ),
  };
  return objectWith(members).partial({ header: true });
}

function existingRecommender() {
  const members = {
    datasetGroupArn: personalizeArn("dataset-group"),
    datasetArn: personalizeArn("dataset"),
    trackingId: text(/^[0-9a-zA-Z-]{1,256}$/, "a tracking id of 1 to 256 letters, digits or hyphens"),
  };
  return objectWith(members).superRefine(({ datasetGroupArn, datasetArn }, context) => {
    const expected = `${datasetGroupArn.replace(":dataset-group/", ":dataset/")}/INTERACTIONS`;
    if (datasetArn === expected) return;
    context.addIssue({ code: "custom", path: ["datasetArn"], message: `the interactions dataset of datasetGroupArn, ${expected}` });
  });
}

function personalizeArn(kind: "dataset-group" | "dataset") {
  return text(new RegExp(`^arn:[^:]+:personalize:[^:]+:\\d{12}:${kind}/[a-zA-Z0-9_/-]+$`), `the ARN of a Personalize ${kind}`);
}
