import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig, projectSettings, type TenantConfig } from "../../config";
import { loadConfig } from "../../config/load";
import { ARNS, config, NAMESPACE, texts } from "../support/settings";

function acme(settings: Record<string, unknown> = {}, stack = "dev"): TenantConfig {
  return config(settings, stack).tenants[0];
}

/** A value without members that are undefined, as Pulumi serializes it. */
function defined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe("defaults", () => {
  it("are complete for dev, but for what the components have by default", () => {
    assert.deepEqual(defined(config()), {
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
          logRetentionDays: 14,
          interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
          lake: { lake: "create", shared: true, printStatements: false, protect: false, forceDestroy: true },
          feed: {
            stream: { name: "acme-c360-recommender-stream-dev", shards: 1, retentionHours: 24 },
            delivery: { name: "acme-c360-recommender-delivery-dev" },
            protect: false,
          },
          forwarder: {},
          recommender: { campaign: false, requireBaseline: false, protect: false },
          catalog: { database: "acme_crm_derived_restricted_dev" },
          export: {},
          notices: {},
          pipeline: { schedule: "off", train: "never", defaultEventType: "interaction" },
        },
      ],
    });
  });

  it("differ by stage", () => {
    const pick = ({ buckets, lake, feed, catalog, pipeline, recommender, logRetentionDays }: TenantConfig) => ({
      train: pipeline.train,
      campaign: recommender.campaign,
      database: catalog.database,
      schedule: pipeline.schedule,
      lake: lake.lake,
      lakeBucket: buckets.lake,
      shards: feed.stream?.shards,
      retentionHours: feed.stream?.retentionHours,
      logRetentionDays,
      protect: [lake, feed, recommender].map(({ protect }) => protect),
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
      protect: [true, true, true],
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
      protect: [true, true, true],
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
      protect: [false, false, false],
      forceDestroy: false,
      shared: false,
    });
  });

  it("take the stage from the setting before the stack's name", () => {
    assert.equal(config({ stage: "dev" }, "local").stage, "dev");
    assert.equal(config({}, "prod").stage, "prod");
  });

  it("do not give an on-demand tenant the shards of the others", () => {
    const text = JSON.stringify(["acme", { name: "globex", stream: { mode: "on-demand" } }]);
    assert.deepEqual(
      parseConfig({ tenants: text, stream: JSON.stringify({ shards: 3 }) }, "prod").tenants.map(({ feed }) => [
        feed.stream?.mode,
        feed.stream?.shards,
      ]),
      [
        [undefined, 3],
        ["on-demand", undefined],
      ],
    );
  });

  it("ask the owner of an adopted downstream bucket to admit Personalize, unless it is dev's", () => {
    const printed = (settings: Record<string, unknown>, stack: string) => acme(settings, stack).lake.printStatements;
    assert.equal(printed({}, "alice"), false);
    assert.equal(printed({ buckets: { downstream: "elsewhere" } }, "alice"), true);
    assert.equal(printed({ lake: "existing" }, "prod"), true);
    assert.equal(printed({ lake: "existing" }, "dev"), true);
    assert.equal(printed({}, "prod"), false);
  });
});

describe("settings", () => {
  it("override the defaults", () => {
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
      export: { engine: "glue", source, streamedEvents: "include" },
      pipeline: {
        schedule: "rate(12 hours)",
        timeZone: "Asia/Singapore",
        train: "afterExport",
        maxWaitHours: 72,
        maxBadShare: 0,
        maxShrink: 1,
      },
      alarms: { email: "data@acme.example" },
      projectionStart: "2027/12/31/23",
      logRetentionDays: 365,
    });
    assert.deepEqual(defined(tenant), {
      name: "acme",
      buckets: {
        upstream: "the.upstream",
        lake: "the-lake",
        downstream: "acme-c360-downstream-dev",
        infra: "acme-c360-infra-dev",
        cache: "acme-c360-cache-dev",
      },
      logRetentionDays: 365,
      interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"],
      lake: { lake: "existing", shared: true, sourceConditions: false, printStatements: true, protect: false, forceDestroy: true },
      feed: {
        stream: { name: "events", mode: "on-demand", retentionHours: 8760 },
        delivery: { name: "to-lake", intervalSeconds: 0, sizeMiB: 128, compression: "GZIP" },
        protect: false,
      },
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
        existing,
        recipe: "aws-popularity-count",
        campaign: true,
        requireBaseline: false,
        minProvisionedTps: 500,
        protect: true,
      },
      catalog: { database: "own_database", projectionStart: "2027/12/31/23" },
      export: { engine: "glue", source },
      notices: { email: "data@acme.example" },
      pipeline: {
        schedule: "rate(12 hours)",
        timeZone: "Asia/Singapore",
        train: "afterExport",
        maxWaitHours: 72,
        maxBadShare: 0,
        maxShrink: 1,
        streamedEvents: "include",
        defaultEventType: "watch",
        eventTypes: ["watch", "buy"],
      },
    });
  });

  it("of a tenant override the stack's, member by member", () => {
    const { tenants } = config({
      stream: { shards: 2, retentionHours: 48 },
      logRetentionDays: 7,
      tenants: ["acme", { name: "bolt", stream: { shards: 4 }, logRetentionDays: 30 }],
    });
    assert.deepEqual(
      tenants.map(({ name, feed, logRetentionDays }) => [name, feed.stream?.shards, feed.stream?.retentionHours, logRetentionDays]),
      [
        ["acme", 2, 48, 7],
        ["bolt", 4, 48, 30],
      ],
    );
  });

  it("take any name of the IANA database as time zone, and any bucket name that S3 does not reserve", () => {
    for (const timeZone of [
      "UTC",
      "Etc/GMT+8",
      "America/Port-au-Prince",
      "America/Argentina/Buenos_Aires",
      "Asia/Kolkata",
      "Asia/Calcutta",
    ]) {
      assert.equal(acme({ pipeline: { timeZone } }).pipeline.timeZone, timeZone);
    }
    for (const lake of ["a.b", "a--b", "xn-a", "sthree", "a.s3alias", "mrap-an-1"]) {
      assert.equal(acme({ buckets: { lake } }).buckets.lake, lake);
    }
  });

  it("of the provider and the engine are left to them", () => {
    const all = { ...texts({}), "aws:region": "eu-west-1", "aws:stage": "prod", "pulumi:tags": "{}" };
    assert.deepEqual(projectSettings(all), { tenants: '["acme"]' });
  });
});

describe("loadConfig", () => {
  it("reads the stack's settings, and refuses other namespaces, and secrets without showing them", async () => {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "c360-recommender", "staging");
    const settings = { ...texts({ logRetentionDays: 3, lake: "create" }), "aws:region": "eu-west-1" };
    pulumi.runtime.setAllConfig(settings);
    const { stage, tenants } = loadConfig();
    assert.deepEqual([stage, tenants[0].logRetentionDays, tenants[0].lake.lake], ["staging", 3, "create"]);
    pulumi.runtime.setAllConfig({ ...settings, "c360-recomender:tenants": "[]" });
    assert.throws(loadConfig, /config c360-recomender:tenants must be in the namespace c360-recommender /);
    pulumi.runtime.setAllConfig({ ...settings, [`${NAMESPACE}lake`]: "hunter2" });
    process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(["aws:secretKey", `${NAMESPACE}lake`]);
    try {
      assert.throws(loadConfig, { message: `config ${NAMESPACE}lake must be plain text, got a secret` });
    } finally {
      delete process.env.PULUMI_CONFIG_SECRET_KEYS;
    }
  });
});
