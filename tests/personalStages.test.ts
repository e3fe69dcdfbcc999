import * as assert from "node:assert/strict";
import type { Policy } from "../components/shared/policies";
import { type Json, list } from "@c360/local-aws";
import { deployedStacks, type StackResource, type StackResources } from "./support/stackResources";

const TENANTS = ["acme", "bolt"];
/** The parts of one are joined by a function, those of the other by a job. */
const BY_ENGINE = ["acme", { name: "bolt", export: { engine: "glue" } }];
const CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource";
const KINDS = [
  ...["Role", "Policy", "Stream", "FirehoseDeliveryStream", "Function", "EventSourceMapping", "LogGroup", "LogStream"],
  ...["CatalogDatabase", "CatalogTable", "Workgroup", "StateMachine", "Schedule"],
];
/** The one prefix that AWS fixes: Lambda keeps discarded batches below it, under the event source mapping's own id. */
const OF_LAMBDA = "aws/lambda/";

/** Every name that AWS sees, by kind, for kinds have namespaces of their own; log streams and tables have one within theirs. */
function identifiers({ type, inputs, id, state }: StackResource): string[] {
  if (type === CLOUD_CONTROL) {
    const { Name } = inputs.desiredState as Json;
    return [Name as string, id].map((name) => `${String(inputs.typeName)} ${name}`);
  }
  if (type.endsWith(":BucketObjectv2")) return [`${type} ${String(state.arn)}`];
  if (/:(LogStream|CatalogTable)$/.test(type))
    return [`${type} ${String(inputs.logGroupName ?? inputs.databaseName)}:${String(inputs.name)}`];
  const names = [id, state.arn, state.name, state.bucket, state.uuid].filter((name) => typeof name === "string");
  return [...new Set(names)].map((name) => `${type} ${name}`);
}

/** `<bucket>/<prefix>` of every object that a role may read or write, or list. */
function permittedPrefixes({ inputs }: StackResource): string[] {
  return (inputs.policy as Policy).Statement.flatMap(({ Resource, Condition }) => {
    const buckets = list(Resource).flatMap((arn) => /^arn:aws:s3:::(.+)$/.exec(arn)?.[1] ?? []);
    const listed = Object.values(Condition ?? {}).flatMap((keys) => list(keys["s3:prefix"]));
    return [...buckets.filter((path) => path.includes("/")), ...buckets.flatMap((bucket) => listed.map((prefix) => `${bucket}/${prefix}`))];
  }).map((pattern) => pattern.replace(/\*$/, ""));
}

/** `<bucket>/<prefix>` of what a function's environment names. */
function functionPrefixes({ inputs }: StackResource): string[] {
  const { variables } = inputs.environment as { variables: Record<string, string> };
  const { DEAD_LETTER_BUCKET, DEAD_LETTER_PREFIX, HISTORY_BUCKET, HISTORY_PREFIX, PARTS_LOCATION } = variables;
  if (DEAD_LETTER_BUCKET) return [`${DEAD_LETTER_BUCKET}/${DEAD_LETTER_PREFIX}`];
  if (HISTORY_BUCKET) return [`${HISTORY_BUCKET}/${HISTORY_PREFIX}`];
  const { TARGET_BUCKET, TARGET_KEY, MANIFEST_KEY, WORK_LOCATION } = variables;
  return [`${TARGET_BUCKET}/${TARGET_KEY}`, `${TARGET_BUCKET}/${MANIFEST_KEY}`, ...locations([PARTS_LOCATION, WORK_LOCATION])];
}

/** `<bucket>/<prefix>` of what a job's arguments name. */
function jobPrefixes({ inputs }: StackResource): string[] {
  const given = inputs.defaultArguments as Record<string, string>;
  const inBucket = (bucket: string, names: string[]) => names.map((name) => `${given[`--${bucket}_bucket`]}/${given[`--${name}`]}`);
  return [
    ...inBucket("sink", ["sink_s3_key", "manifest_s3_key"]),
    ...inBucket("cache", ["parts_prefix", "work_prefix"]),
    ...locations([inputs.command, given["--extra-py-files"].split(",")]),
  ];
}

/** `<bucket>/<prefix>` of every location in texts and expressions, up to what is only known later. */
function locations(of: unknown): string[] {
  const joined = JSON.stringify(of).replaceAll('\\" & \\"', "");
  return [...joined.matchAll(/s3:\/\/([a-z0-9.-]+\/[^"\\$]*)/g)].map(([, path]) => path);
}

/** `<bucket>/<prefix>` of what a state machine's queries write and its own calls list and put. */
function definitionPrefixes({ inputs }: StackResource): string[] {
  const { States } = inputs.definition as { States: Record<string, { Arguments?: { Bucket?: string; Prefix?: string; Key?: string } }> };
  const listed = Object.values(States).flatMap(({ Arguments: { Bucket, Prefix, Key } = {} }) => {
    const fixed = /^\{% "([^"]+)" & /.exec(Prefix ?? Key ?? "")?.[1];
    return fixed === undefined ? [] : [`${Bucket}/${fixed}`];
  });
  assert.ok(listed.length >= 1 && locations(inputs.definition).length >= 2);
  return [...listed, ...locations(inputs.definition)];
}

/** A script's folder, else the path as it is. */
const withoutScript = (path: string): string => path.replace(/[^/]+\.py$/, "");

/** How resources of a type tell `<bucket>/<prefix>` of what they read or write. */
const PREFIXES: Record<string, (resource: StackResource) => string[]> = {
  "aws:iam/rolePolicy:RolePolicy": permittedPrefixes,
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ({ inputs }) => {
    const { bucketArn, prefix, errorOutputPrefix } = inputs.extendedS3Configuration as Record<string, string>;
    return [prefix, errorOutputPrefix].map((path) => `${bucketArn.replace("arn:aws:s3:::", "")}/${path.split("!{")[0]}`);
  },
  "aws:lambda/function:Function": functionPrefixes,
  "aws:glue/job:Job": jobPrefixes,
  "aws:s3/bucketObjectv2:BucketObjectv2": ({ inputs }) => [`${String(inputs.bucket)}/${String(inputs.key)}`],
  "aws:glue/catalogTable:CatalogTable": ({ inputs }) => locations(inputs),
  "aws:athena/workgroup:Workgroup": ({ inputs }) => locations(inputs),
  "aws:sfn/stateMachine:StateMachine": definitionPrefixes,
};

function prefixes({ resources }: StackResources): string[] {
  return resources.flatMap((resource) => PREFIXES[resource.type]?.(resource) ?? []);
}

describe("dev and a personal stage", () => {
  let dev: StackResources;
  let alice: StackResources;
  before(async () => {
    const settings = { tenants: BY_ENGINE, pipeline: { schedule: "rate(1 day)", train: "weekly" }, recommender: { campaign: true } };
    [dev, alice] = await deployedStacks({ dev: settings, alice: settings });
  });

  it("share no name, id or ARN", () => {
    const named = ({ resources }: StackResources) => resources.filter(({ custom }) => custom).map(identifiers);
    assert.ok(named(alice).every((names) => names.length > 0));
    const ofDev = new Set(named(dev).flat());
    const ofAlice = named(alice).flat();
    assert.equal(new Set(ofAlice).size, ofAlice.length);
    assert.deepEqual(
      ofAlice.filter((name) => ofDev.has(name)),
      [],
    );
    for (const kind of KINDS) {
      assert.ok(ofAlice.filter((name) => name.split(" ")[0].endsWith(`:${kind}`)).length >= TENANTS.length, kind);
    }
    for (const kind of ["Job", "BucketObjectv2"]) {
      assert.ok(
        ofAlice.some((name) => name.split(" ")[0].endsWith(`:${kind}`)),
        kind,
      );
    }
    for (const kind of ["DatasetGroup", "Schema", "Dataset", "EventTracker"]) {
      assert.equal(ofAlice.filter((name) => name.startsWith(`AWS::Personalize::${kind} `)).length, 2 * TENANTS.length, kind);
    }
  });

  it("share no key, but for the prefix that Lambda fixes", () => {
    const [ofDev, ofAlice] = [dev, alice].map((stack) => [...new Set(prefixes(stack).map(withoutScript))].sort());
    const expected = (stage: string) =>
      TENANTS.flatMap((tenant) => [
        ...["", "personalize_input.csv", "personalize_input.manifest.json"].map(
          (object) => `${tenant}-c360-downstream-dev/${stage}recommender/${object}`,
        ),
        ...["t200_dashboard_interaction", "t310_training_run"].flatMap((table) =>
          ["", "dt="].map((day) => `${tenant}-c360-lake-dev/${stage}crm_derived_restricted/${table}/${day}`),
        ),
        ...["", "descriptions.json"].map(
          (object) => `${tenant}-c360-lake-dev/${stage}crm_derived_restricted/t100_dashboard_interaction_history_description/${object}`,
        ),
        ...["athena/", "recommender/inflated/", "recommender/parts/", ...(tenant === "bolt" ? ["recommender/inflated/*.json"] : [])].map(
          (path) => `${tenant}-c360-cache-dev/${stage}${path}`,
        ),
        ...["dead_letter", "errors", "history", "latest"].map(
          (kind) => `${tenant}-c360-upstream-dev/${stage}crm/dashboard_interaction/${kind}/`,
        ),
        `${tenant}-c360-lake-dev/${stage}recommender/accepted_version.json`,
        `${tenant}-c360-upstream-dev/${OF_LAMBDA}`,
        ...(tenant === "bolt" ? [`bolt-c360-infra-dev/glue_jobs/${stage || "dev/"}`] : []),
      ]).sort();
    assert.deepEqual([ofDev, ofAlice], [expected(""), expected("alice/")]);
    const meets = (one: string, other: string) => one.startsWith(other) || other.startsWith(one);
    const shared = ofDev.filter((one) => ofAlice.some((other) => meets(one, other)));
    assert.deepEqual(
      shared,
      TENANTS.map((tenant) => `${tenant}-c360-upstream-dev/${OF_LAMBDA}`),
    );
  });

  it("name in their state machines nothing but what is their own, and the buckets", () => {
    for (const { stack, get } of [dev, alice]) {
      for (const tenant of TENANTS) {
        const { inputs } = get("aws:sfn/stateMachine:StateMachine", `${tenant}-pipeline-state-machine`);
        const found = JSON.stringify(inputs.definition).match(/\b(acme|bolt)[\w-]+/g);
        const roles = ["athena", "export", "history", "recommender", "personalize", "campaign", "notices"];
        const own = roles.map((role) => `${tenant}-c360-recommender-${role}-${stack}`);
        const others = [`${tenant}-c360-recommender-solution-${stack}-a22`, `${tenant}-${stack}-`];
        const buckets = ["cache", "lake", "downstream"].map((zone) => `${tenant}-c360-${zone}-dev`);
        assert.deepEqual(new Set(found), new Set([...own, ...others, ...buckets, `${tenant}_crm_derived_restricted_${stack}`]));
      }
    }
  });
});
