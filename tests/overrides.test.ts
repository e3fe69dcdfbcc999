import * as assert from "node:assert/strict";
import type { Zone } from "../components/shared/naming";
import type { Overrides } from "../config/settings";
import { applied, type Effect, leavesOf } from "./support/overrideEffects";
import { type Overridden, PIPELINE_OVERRIDES, type Setting } from "./support/pipelineOverrides";
import { type StackResources, stackResources } from "./support/stackResources";

const ENVIRONMENT = "forwarder-function environment.variables";

const OVERRIDES: Record<Setting, Overridden> = {
  ...PIPELINE_OVERRIDES,
  lake: [
    { lake: "existing" },
    {
      gone: /^lake-/,
      set: {
        "feed-delivery extendedS3Configuration.bucketArn": "arn:aws:s3:::TENANT-c360-upstream-dev",
        "forwarder-mapping destinationConfig.onFailure.destinationArn": "arn:aws:s3:::TENANT-c360-upstream-dev",
      },
    },
  ],
  "buckets.upstream": ownBucket("upstream"),
  "buckets.lake": ownBucket("lake"),
  "buckets.downstream": ownBucket("downstream"),
  "buckets.infra": ownBucket("infra"),
  "buckets.cache": ownBucket("cache"),
  "stream.mode": [
    { stream: { mode: "on-demand" } },
    {
      set: {
        "feed-stream streamModeDetails.streamMode": "ON_DEMAND",
        "feed-stream shardCount": undefined,
        [`${ENVIRONMENT}.CALLS_PER_SECOND`]: "250",
      },
    },
  ],
  "stream.shards": [{ stream: { shards: 4 } }, { set: { "feed-stream shardCount": 4, [`${ENVIRONMENT}.CALLS_PER_SECOND`]: "250" } }],
  "stream.retentionHours": [
    { stream: { retentionHours: 48 } },
    { set: { "feed-stream retentionPeriod": 48, "forwarder-mapping maximumRecordAgeInSeconds": 148_114 } },
  ],
  "stream.name": [{ stream: { name: "own-stream" } }, { renamed: ["TENANT-c360-recommender-stream-dev", "own-stream"] }],
  "delivery.intervalSeconds": [
    { delivery: { intervalSeconds: 60 } },
    { set: { "feed-delivery extendedS3Configuration.bufferingInterval": 60 } },
  ],
  "delivery.sizeMiB": [{ delivery: { sizeMiB: 9 } }, { set: { "feed-delivery extendedS3Configuration.bufferingSize": 9 } }],
  "delivery.compression": [
    { delivery: { compression: "GZIP" } },
    { set: { "feed-delivery extendedS3Configuration.compressionFormat": "GZIP" } },
  ],
  "delivery.name": [
    { delivery: { name: "own-delivery" } },
    {
      renamed: ["TENANT-c360-recommender-delivery-dev", "own-delivery"],
      // The role is named after tenant and stage, not after the delivery stream.
      set: { "feed-role name": "TENANT-c360-recommender-delivery-dev", "feed-role-policy role": "TENANT-c360-recommender-delivery-dev" },
    },
  ],
  "forwarder.batchSize": [{ forwarder: { batchSize: 7 } }, { set: { "forwarder-mapping batchSize": 7 } }],
  "forwarder.windowSeconds": [{ forwarder: { windowSeconds: 9 } }, { set: { "forwarder-mapping maximumBatchingWindowInSeconds": 9 } }],
  "forwarder.parallelizationFactor": [
    { forwarder: { parallelizationFactor: 2 } },
    { set: { "forwarder-mapping parallelizationFactor": 2, [`${ENVIRONMENT}.CALLS_PER_SECOND`]: "500" } },
  ],
  "forwarder.memoryMiB": [{ forwarder: { memoryMiB: 512 } }, { set: { "forwarder-function memorySize": 512 } }],
  "forwarder.timeoutSeconds": [{ forwarder: { timeoutSeconds: 90 } }, { set: { "forwarder-function timeout": 90 } }],
  "forwarder.reservedConcurrency": [
    { forwarder: { reservedConcurrency: 3 } },
    { set: { "forwarder-function reservedConcurrentExecutions": 3 } },
  ],
  "forwarder.callsPerSecond": [{ forwarder: { callsPerSecond: 11 } }, { set: { [`${ENVIRONMENT}.CALLS_PER_SECOND`]: "11" } }],
  "history.columns": [
    { history: { columns: { USER_ID: "userId" } } },
    { set: { "export-history-function environment.variables.HISTORY_COLUMNS": '{"USER_ID":"userId"}' } },
  ],
  database: [{ database: "own_database" }, { renamed: ["TENANT_crm_derived_restricted_dev", "own_database"] }],
  "alarms.email": [
    { alarms: { email: "data@acme.example" } },
    {
      set: {
        "notices-email": "aws:sns/topicSubscription:TopicSubscription",
        "notices-email topic": null,
        "notices-email protocol": "email",
        "notices-email endpoint": "data@acme.example",
      },
    },
  ],
  projectionStart: [
    { projectionStart: "2026/05/01/00" },
    {
      set: {
        "catalog-events parameters.projection.datehour.range": "2026/05/01/00,NOW",
        "catalog-trainings parameters.projection.dt.range": "2026-05-01,NOW",
      },
    },
  ],
  logRetentionDays: [
    { logRetentionDays: 3 },
    {
      set: Object.fromEntries(
        ["feed", "forwarder", "export-history", "export-export", "pipeline"].map((of) => [`${of}-logs retentionInDays`, 3]),
      ),
    },
  ],
};

/** Tenants by setting; no name may occur in the forwarder's code, where it would be taken for the tenant's. */
const TENANTS = new Map(Object.keys(OVERRIDES).map((setting, i) => [setting, `tenant${i}x`]));
const PLAIN = "tenantx";

describe("an override of one tenant", () => {
  let alone: Record<string, unknown>;
  let together: StackResources;
  before(async () => {
    const tenants = Object.entries(OVERRIDES).map(([setting, [override]]) => ({ name: TENANTS.get(setting), ...override }));
    alone = leavesOf(await stackResources("dev", { tenants: [PLAIN] }), PLAIN);
    together = await stackResources("dev", { tenants: [PLAIN, ...tenants] });
  });

  it("changes nothing of a tenant without one", () => assert.deepEqual(leavesOf(together, PLAIN), alone));

  for (const [setting, [, effect]] of Object.entries(OVERRIDES)) {
    it(`of ${setting} changes what it should of that tenant alone`, () => {
      const all = leavesOf(together, String(TENANTS.get(setting)));
      const { made, remade, set = {} } = effect;
      const told = (path: string) => path in set || !(made?.test(path) || remade?.test(path.split(" ")[0]));
      const found = Object.fromEntries(Object.entries(all).filter(([path]) => told(path)));
      assert.equal(made !== undefined || remade !== undefined, Object.keys(found).length < Object.keys(all).length);
      const expected = applied(alone, effect);
      for (const [path, value] of Object.entries(expected)) {
        if (!(value instanceof RegExp)) continue;
        assert.match(String(found[path]), value);
        assert.notEqual(found[path], alone[path]);
        expected[path] = found[path];
      }
      assert.deepEqual(found, expected);
    });
  }
});

function ownBucket(zone: Zone): [Overrides, Effect] {
  return [{ buckets: { [zone]: `own-${zone}` } }, { renamed: [`TENANT-c360-${zone}-dev`, `own-${zone}`] }];
}
