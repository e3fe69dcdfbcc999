import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseConfig, type TenantConfig } from "../../config";
import { ARNS, config, texts } from "../support/settings";

function acme(settings: Record<string, unknown> = {}, stack = "dev"): TenantConfig {
  return config(settings, stack).tenants[0];
}

describe("defaults", () => {
  it("are complete for dev", () => {
    assert.deepEqual(config(), {
      stage: "dev",
      tenants: [
        {
          name: "acme",
          buckets: {
            upstream: "acme-c360-upstream-dev",
            lake: "acme-c360-lake-dev",
            downstream: "acme-c360-downstream-dev",
            infra: "acme-c360-infra-dev",
            cache: "acme-c360-cache-dev",
          },
          lake: {
            lake: "create",
            sourceConditions: true,
            shared: true,
            printStatements: false,
            forceDestroy: true,
          },
          stream: { name: "acme-c360-recommender-stream-dev", mode: "provisioned", shards: 1, retentionHours: 24 },
          delivery: { name: "acme-c360-recommender-delivery-dev", intervalSeconds: 300, sizeMiB: 5, compression: "UNCOMPRESSED" },
          forwarder: {
            batchSize: 500,
            windowSeconds: 1,
            parallelizationFactor: 1,
            memoryMiB: 256,
            timeoutSeconds: 60,
            callsPerSecond: 1000,
          },
          recommender: {
            interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
            defaultEventType: "interaction",
            protectsDataset: false,
            ...{ recipe: "aws-user-personalization-v2", campaign: false, minProvisionedTps: 1 },
          },
          catalog: { database: "acme_crm_derived_restricted_dev", projectionStart: "2026/01/01/00" },
          export: { engine: "lambda", streamedEvents: "include" },
          pipeline: { schedule: "off", timeZone: "UTC", train: "never", maxWaitHours: 24 },
          logRetentionDays: 14,
          protect: false,
        },
      ],
    });
  });

  it("differ by stage", () => {
    const pick = ({ buckets, lake, stream, catalog, pipeline, recommender, logRetentionDays, protect }: TenantConfig) => ({
      train: pipeline.train,
      campaign: recommender.campaign,
      database: catalog.database,
      schedule: pipeline.schedule,
      lake: lake.lake,
      lakeBucket: buckets.lake,
      shards: stream.shards,
      retentionHours: stream.retentionHours,
      logRetentionDays,
      protect,
      forceDestroy: lake.forceDestroy,
      shared: lake.shared,
    });
    assert.deepEqual(pick(acme({}, "prod")), {
      train: "weekly",
      campaign: true,
      database: "acme_crm_derived_restricted",
      schedule: "cron(15 2 * * ? *)",
      lake: "create",
      lakeBucket: "acme-c360-lake",
      shards: 5,
      retentionHours: 168,
      logRetentionDays: 90,
      protect: true,
      forceDestroy: false,
      shared: false,
    });
    assert.deepEqual(pick(acme({}, "staging")), {
      train: "weekly",
      campaign: true,
      database: "acme_crm_derived_restricted_staging",
      schedule: "cron(15 2 * * ? *)",
      lake: "create",
      lakeBucket: "acme-c360-lake-staging",
      shards: 1,
      retentionHours: 24,
      logRetentionDays: 30,
      protect: true,
      forceDestroy: false,
      shared: false,
    });
    assert.deepEqual(pick(acme({}, "alice")), {
      train: "never",
      campaign: false,
      database: "acme_crm_derived_restricted_alice",
      schedule: "off",
      lake: "existing",
      lakeBucket: "acme-c360-lake-dev",
      shards: 1,
      retentionHours: 24,
      logRetentionDays: 14,
      protect: false,
      forceDestroy: false,
      shared: false,
    });
  });

  it("take the stage from the setting before the stack's name", () => {
    assert.equal(config({ stage: "dev" }, "local").stage, "dev");
    assert.equal(config({}, "prod").stage, "prod");
  });

  it("share Personalize's limit between the concurrent invocations", () => {
    const callsPerSecond = (shards: number, parallelizationFactor: number) =>
      acme({ stream: { shards }, forwarder: { parallelizationFactor } }).forwarder.callsPerSecond;
    assert.equal(acme({}, "prod").forwarder.callsPerSecond, 200);
    assert.equal(callsPerSecond(3, 1), 333);
    assert.equal(callsPerSecond(5, 10), 20);
    assert.equal(acme({ stream: { mode: "on-demand" } }).forwarder.callsPerSecond, 250);
    assert.equal(acme({ forwarder: { callsPerSecond: 7 } }).forwarder.callsPerSecond, 7);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 10 }), (shards, factor) => {
        const calls = callsPerSecond(shards, factor);
        assert.ok(calls >= 1 && (calls === 1 || calls * shards * factor <= 1000), `${calls}`);
      }),
    );
  });

  it("do not give a tenant on demand the shards of the others", () => {
    const text = JSON.stringify(["acme", { name: "globex", stream: { mode: "on-demand" } }]);
    const all = { "c360-recommender:tenants": text, "c360-recommender:stream": JSON.stringify({ shards: 3 }) };
    assert.deepEqual(
      parseConfig(all, [], "prod").tenants.map(({ stream }) => [stream.mode, stream.shards]),
      [
        ["provisioned", 3],
        ["on-demand", undefined],
      ],
    );
  });

  it("ask the owner of an adopted downstream bucket to admit Personalize, but for dev's", () => {
    const printed = (settings: Record<string, unknown>, stack: string) => acme(settings, stack).lake.printStatements;
    assert.equal(printed({}, "alice"), false);
    assert.equal(printed({ buckets: { downstream: "elsewhere" } }, "alice"), true);
    assert.equal(printed({ lake: "existing" }, "prod"), true);
    assert.equal(printed({ lake: "existing" }, "dev"), true);
    assert.equal(printed({}, "prod"), false);
  });
});

describe("settings", () => {
  it("are taken", () => {
    const existing = { ...ARNS, trackingId: "7c1f0e1a-0000-4000-8000-000000000000" };
    const source = { prefix: "a/b.c/d=1/", header: "user,item" };
    const tenant = acme({
      lake: "existing",
      buckets: { lake: "the-lake", upstream: "the.upstream" },
      stream: { mode: "on-demand", retentionHours: 8760, name: "events" },
      delivery: { intervalSeconds: 0, sizeMiB: 128, compression: "GZIP", name: "to-lake" },
      forwarder: {
        batchSize: 10_000,
        windowSeconds: 300,
        parallelizationFactor: 10,
        memoryMiB: 10_240,
        timeoutSeconds: 900,
        reservedConcurrency: 3,
        callsPerSecond: 5,
      },
      recommender: {
        interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"],
        defaultEventType: "watch",
        eventTypes: ["watch", "buy"],
        sourceConditions: false,
        existing,
        protect: true,
        recipe: "aws-popularity-count",
        campaign: true,
        minProvisionedTps: 500,
      },
      database: "own_database",
      export: { engine: "glue", source },
      pipeline: { schedule: "rate(12 hours)", timeZone: "Asia/Singapore", train: "afterExport", maxWaitHours: 72 },
      projectionStart: "2027/12/31/23",
      logRetentionDays: 365,
    });
    assert.deepEqual([tenant.lake.lake, tenant.lake.sourceConditions], ["existing", false]);
    assert.equal(tenant.buckets.lake, "the-lake");
    assert.equal(tenant.buckets.upstream, "the.upstream");
    assert.equal(tenant.buckets.cache, "acme-c360-cache-dev");
    assert.deepEqual(tenant.stream, { name: "events", mode: "on-demand", shards: undefined, retentionHours: 8760 });
    assert.deepEqual(tenant.delivery, { name: "to-lake", intervalSeconds: 0, sizeMiB: 128, compression: "GZIP" });
    assert.deepEqual(tenant.forwarder, {
      batchSize: 10_000,
      windowSeconds: 300,
      parallelizationFactor: 10,
      memoryMiB: 10_240,
      timeoutSeconds: 900,
      reservedConcurrency: 3,
      callsPerSecond: 5,
    });
    assert.deepEqual(tenant.recommender, {
      interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"],
      defaultEventType: "watch",
      eventTypes: ["watch", "buy"],
      existing,
      recipe: "aws-popularity-count",
      campaign: true,
      minProvisionedTps: 500,
      protectsDataset: true,
    });
    assert.deepEqual(tenant.catalog, { database: "own_database", projectionStart: "2027/12/31/23" });
    assert.deepEqual(tenant.export, { engine: "glue", streamedEvents: "include", source });
    assert.deepEqual(tenant.pipeline, { schedule: "rate(12 hours)", timeZone: "Asia/Singapore", train: "afterExport", maxWaitHours: 72 });
    assert.equal(tenant.logRetentionDays, 365);
  });

  it("of a tenant stand before the stack's, member by member", () => {
    const { tenants } = config({
      stream: { shards: 2, retentionHours: 48 },
      logRetentionDays: 7,
      tenants: ["acme", { name: "bolt", stream: { shards: 4 }, logRetentionDays: 30 }],
    });
    assert.deepEqual(
      tenants.map(({ name, stream, logRetentionDays }) => [name, stream.shards, stream.retentionHours, logRetentionDays]),
      [
        ["acme", 2, 48, 7],
        ["bolt", 4, 48, 30],
      ],
    );
  });

  it("of other namespaces are left alone", () => {
    const all = { ...texts({}), "aws:region": "eu-west-1", "c360-recommender-x:stage": "prod" };
    assert.equal(parseConfig(all, [], "dev").stage, "dev");
  });
});
