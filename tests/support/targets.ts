import { arnsOf } from "../../components/shared/tenantContext";
import {
  acceptedVersionKey,
  cachePrefixes,
  eventPrefixes,
  historyDescriptionsPrefix,
  inputKeys,
  interactionsPrefix,
  jobScriptKey,
  jobNamePrefix,
  keyPrefixOf,
  trainingRunsPrefix,
  type Zone,
  ZONES,
} from "../../components/shared/naming";
import { recommenderResources } from "../../components/recommender/recommenderResources";
import { type Context, parsePolicy, type Policy } from "@c360/local-aws";
import { tenantOf } from "./principals";
import { CONTEXT } from "./pulumiMocks";
import type { StackResources } from "./stackResources";
import { SOURCE_PREFIX } from "./twoTenants";

/** A resource, object or listing of one tenant and stage, and the context of a call for it. */
export interface Target {
  tenant: string;
  stage: string;
  /** Its name without tenant and stage; the key of an object or listing. */
  what: string;
  /** Its ARN in policies. */
  arn: string;
  context: Context;
  /** Its bucket. */
  bucket?: string;
  /** Key, or the listed prefix, within the bucket. */
  key?: string;
  resourcePolicy?: Policy;
}

const KEY = "arn:aws:kms:ap-southeast-1:123456789012:key/5d1f4b1e-0000-4000-8000-000000000000";
/** Resources that all tenants and stages of the account share. */
const ACCOUNT_WIDE: [what: string, arn: string][] = [
  ["Glue's catalog", "arn:aws:glue:ap-southeast-1:123456789012:catalog"],
  ["Glue's default database", "arn:aws:glue:ap-southeast-1:123456789012:database/default"],
  ["Athena's catalog", "arn:aws:athena:ap-southeast-1:123456789012:datacatalog/AwsDataCatalog"],
];
const ROLE = "aws:iam/role:Role";
const BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy";

/**
 * All targets of a deployed stack.
 *
 * @param policies bucket policies of all stacks by bucket, for the stages that adopt buckets
 */
export function targetsOf(stack: StackResources, policies: Map<string, Policy>): Target[] {
  const tenants = stack.outputs.tenants as Record<string, { buckets: Record<Zone, string>; streamArn: string }>;
  return Object.entries(tenants).flatMap(([tenant, { buckets, streamArn }]) => [
    ...resourceTargets(stack, tenant),
    ...madeByRuns(tenant, stack.stack),
    ...ACCOUNT_WIDE.map(([what, arn]) => ({ tenant, stage: stack.stack, what, arn, context: {} })),
    { ...{ tenant, stage: stack.stack, what: "key of the stream", arn: KEY }, context: via("kinesis", streamArn) },
    ...ZONES.flatMap((zone) => bucketTargets(stack, tenant, zone, buckets[zone], policies.get(buckets[zone]))),
  ]);
}

/** Bucket policies of a deployed stack by bucket. */
export function bucketPoliciesOf({ resources }: StackResources): [string, Policy][] {
  return resources
    .filter(({ type }) => type === BUCKET_POLICY)
    .map(({ name, inputs }) => [String(inputs.bucket), parsePolicy(inputs.policy, name)]);
}

function resourceTargets({ stack: stage, resources }: StackResources, tenant: string): Target[] {
  const own = resources.filter(
    ({ name, custom, type }) => custom && tenantOf(name) === tenant && !/^aws:(s3\/|sns\/topicPolicy:)/.test(type),
  );
  return own.flatMap(({ type, name, id, state }) => {
    const arn = state.arn ?? id;
    if (typeof arn !== "string" || !arn.startsWith("arn:")) return [];
    const what = name.slice(tenant.length + 1);
    const below = BELOW[type]?.(arn).map(([part, ofPart]) => ({ tenant, stage, what: `${what} ${part}`, arn: ofPart, context: {} }));
    const target = { tenant, stage, what, arn, context: {} };
    return type === ROLE ? passedRoles(target) : [target, ...(below ?? [])];
  });
}

/** What a tenant's pipeline creates in Personalize. */
function madeByRuns(tenant: string, stage: string): Target[] {
  const context = { ...CONTEXT, tenant, stage };
  const { solution, campaign } = recommenderResources({
    context,
    recipe: "aws-user-personalization-v2",
    campaign: true,
    minProvisionedTps: 1,
  });
  const made = {
    "import job": arnsOf(context).importJob(`${jobNamePrefix(context)}0123456789ab-1`),
    solution: solution.arn,
    "solution version": `${solution.arn}/0a1b2c3d`,
    campaign: String(campaign?.arn),
  };
  return Object.entries(made).map(([what, arn]) => ({ tenant, stage, what, arn, context: {} }));
}

/** A role, passed to Personalize; passed to another service, it is a target of no tenant. */
function passedRoles({ tenant, stage, what, arn }: Target): Target[] {
  const passed = (service: string) => ({ "iam:PassedToService": `${service}.amazonaws.com` });
  return [
    { tenant, stage, what, arn, context: passed("personalize") },
    { tenant: "nobody", stage, what: `${what} of ${tenant} for another service`, arn, context: passed("lambda") },
  ];
}

/** Parts of a resource that have ARNs of their own. */
const BELOW: Record<string, (arn: string) => [part: string, arn: string][]> = {
  "aws:cloudwatch/logGroup:LogGroup": (arn) => [["stream", `${arn}:log-stream:2026/11/24/[$LATEST]0123456789abcdef`]],
  "aws:sfn/stateMachine:StateMachine": (arn) => [["execution", `${arn.replace(":stateMachine:", ":execution:")}:by-hand`]],
  "aws:glue/catalogDatabase:CatalogDatabase": (arn) => [["table of others", `${arn.replace(":database/", ":table/")}/t200_by_hand`]],
};

function bucketTargets({ stack: stage, resources }: StackResources, tenant: string, zone: Zone, bucket: string, policy?: Policy): Target[] {
  const arn = `arn:aws:s3:::${bucket}`;
  const mapping = resources.find(({ type, name }) => /:EventSourceMapping$/.test(type) && tenantOf(name) === tenant);
  const common = { tenant, stage, bucket, resourcePolicy: policy };
  const keys = keysOf(zone, stage, String(mapping?.id));
  const shown = (key: string) => `${zone} ${generic(key, stage, String(mapping?.id))}`;
  const objects = keys.flatMap((key): Target[] => [
    { ...common, what: shown(key), arn: `${arn}/${key}`, key, context: {} },
    { ...common, what: `key of ${shown(key)}`, arn: KEY, key, context: via("s3", `${arn}/${key}`), resourcePolicy: undefined },
  ]);
  const folders = new Set(keys.map((key) => key.slice(0, key.lastIndexOf("/") + 1)));
  const looked = zone === "downstream" ? keys : keys.filter((key) => key.endsWith(acceptedVersionKey("")));
  const listings = [...folders, ...looked].map((listed): Target => {
    return { ...common, what: `list ${shown(listed)}`, arn, key: listed, context: { "s3:prefix": listed } };
  });
  return [
    { ...common, what: zone, arn, context: {} },
    { ...common, what: `key of ${zone}`, arn: KEY, context: via("s3", arn), resourcePolicy: undefined },
    ...objects,
    ...listings,
  ];
}

/** A key of each kind that a stage has in a zone, and of objects that others may keep beside them. */
function keysOf(zone: Zone, stage: string, mapping: string): string[] {
  const prefix = keyPrefixOf(stage);
  const { latest, errors, deadLetters, history } = eventPrefixes(prefix);
  const { parts, inflated, results } = cachePrefixes(prefix);
  const { input, manifest } = inputKeys(prefix);
  const keys: Record<Zone, string[]> = {
    upstream: [
      `${latest}2026/11/24/23/records`,
      `${errors}processing-failed/records`,
      `${deadLetters}2026/11/24/shardId-000000000000-1.ndjson`,
      `${history}january.csv`,
      `${prefix}crm/by_hand/january.csv`,
      `aws/lambda/${mapping}/shardId-000000000000/2026/11/24/batch`,
    ],
    lake: [
      `${interactionsPrefix(prefix)}dt=2026-11-24/run=0123456789ab-1/part`,
      `${historyDescriptionsPrefix(prefix)}descriptions.json`,
      `${trainingRunsPrefix(prefix)}dt=2026-11-24/0123456789ab-1.json`,
      acceptedVersionKey(prefix),
      `${prefix}crm_derived_restricted/t200_by_hand/part`,
      `${SOURCE_PREFIX}dt=2026-11-24/part.csv.gz`,
    ],
    downstream: [input, manifest, `${prefix}by_hand/list.csv`],
    infra: [jobScriptKey(stage), `glue_jobs/${stage}/by_hand.py`, `s3_access/upstream/${prefix}log`],
    cache: [
      `${parts}0123456789ab-1/ba9876543210/part`,
      `${inflated}0123456789ab-1/ba987654.json`,
      `${results}query-manifest.csv`,
      `${prefix}recommender/by_hand/list.csv`,
    ],
  };
  return keys[zone];
}

function generic(key: string, stage: string, mapping: string): string {
  const prefix = keyPrefixOf(stage);
  return (key.startsWith(prefix) ? key.slice(prefix.length) : key)
    .replace(mapping, "UUID")
    .replace(`glue_jobs/${stage}/`, "glue_jobs/STAGE/");
}

function via(service: "kinesis" | "s3", arn: string): Context {
  return { "kms:ViaService": `${service}.ap-southeast-1.amazonaws.com`, [`kms:EncryptionContext:aws:${service}:arn`]: arn };
}
