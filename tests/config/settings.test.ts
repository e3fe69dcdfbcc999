import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { parseConfig, projectSettings } from "../../config";
import { ARNS, config, NAMESPACE } from "../support/settings";

function message(settings: Record<string, unknown>, stack = "dev"): string {
  try {
    config(settings, stack);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: `accepted ${JSON.stringify(settings)}` });
}

describe("an invalid setting", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ delivery: { intervalSeconds: 5000 } }, "delivery.intervalSeconds must be a whole number from 0 to 900, got 5000"],
    [{ delivery: { intervalSeconds: -1 } }, "delivery.intervalSeconds must be a whole number from 0 to 900, got -1"],
    [{ delivery: { intervalSeconds: "60" } }, 'delivery.intervalSeconds must be a whole number from 0 to 900, got "60"'],
    [{ delivery: { sizeMiB: 0 } }, "delivery.sizeMiB must be a whole number from 1 to 128, got 0"],
    [{ delivery: { sizeMiB: 129 } }, "delivery.sizeMiB must be a whole number from 1 to 128, got 129"],
    [{ delivery: { compression: "ZIP" } }, 'delivery.compression must be UNCOMPRESSED or GZIP, got "ZIP"'],
    [{ delivery: { name: "" } }, 'delivery.name must be 1 to 64 letters, digits, dots, hyphens or underscores, got ""'],
    [{ delivery: 60 }, "delivery must be an object with intervalSeconds, sizeMiB, compression, name, got 60"],
    [{ delivery: "fast" }, 'delivery must be an object with intervalSeconds, sizeMiB, compression, name, got "fast"'],
    [{ stream: { mode: "fast" } }, 'stream.mode must be provisioned or on-demand, got "fast"'],
    [{ stream: { shards: 0 } }, "stream.shards must be a whole number from 1 to 10000, got 0"],
    [{ stream: { shards: 1.5 } }, "stream.shards must be a whole number from 1 to 10000, got 1.5"],
    [{ stream: { mode: "on-demand", shards: 2 } }, "stream.shards must be left out when stream.mode is on-demand, got 2"],
    [{ stream: { retentionHours: 23 } }, "stream.retentionHours must be a whole number from 24 to 8760, got 23"],
    [{ stream: { retentionHours: 8761 } }, "stream.retentionHours must be a whole number from 24 to 8760, got 8761"],
    [{ stream: { name: "a b" } }, 'stream.name must be 1 to 128 letters, digits, dots, hyphens or underscores, got "a b"'],
    [{ forwarder: { batchSize: 10_001 } }, "forwarder.batchSize must be a whole number from 1 to 10000, got 10001"],
    [{ forwarder: { windowSeconds: 301 } }, "forwarder.windowSeconds must be a whole number from 0 to 300, got 301"],
    [{ forwarder: { parallelizationFactor: 11 } }, "forwarder.parallelizationFactor must be a whole number from 1 to 10, got 11"],
    [{ forwarder: { memoryMiB: 64 } }, "forwarder.memoryMiB must be a whole number from 128 to 10240, got 64"],
    [{ forwarder: { timeoutSeconds: 901 } }, "forwarder.timeoutSeconds must be a whole number from 1 to 900, got 901"],
    [{ forwarder: { reservedConcurrency: 0 } }, "forwarder.reservedConcurrency must be a whole number from 1 to 10000, got 0"],
    [{ forwarder: { callsPerSecond: 0.5 } }, "forwarder.callsPerSecond must be a whole number from 1 to 10000, got 0.5"],
    [{ lake: "adopt" }, 'lake must be create or existing, got "adopt"'],
    [
      { buckets: { lake: "Lake" } },
      'buckets.lake must be a bucket name of 3 to 63 lower-case letters, digits, dots or hyphens, and no IP address, got "Lake"',
    ],
    ...["192.168.5.4", "a..b", "-ab", "ab-", "ab"].map((infra): [Record<string, unknown>, string] => [
      { buckets: { infra } },
      `buckets.infra must be a bucket name of 3 to 63 lower-case letters, digits, dots or hyphens, and no IP address, got "${infra}"`,
    ]),
    ...["xn--a", "sthree-a", "amzn-s3-demo-a", "a-s3alias", "a--ol-s3", "a.mrap", "a--usw2-az1--x-s3", "a--table-s3"].map(
      (cache): [Record<string, unknown>, string] => [
        { buckets: { cache } },
        "buckets.cache must be a bucket name that does not begin with xn--, sthree-, amzn-s3-demo- and does not end with " +
          `-s3alias, --ol-s3, .mrap, --x-s3, --table-s3, which S3 reserves, got "${cache}"`,
      ],
    ),
    [
      { buckets: { lake: "a-123456789012-us-east-1-an" } },
      "buckets.lake must be a bucket name that does not end with -an, which S3 reserves for account regional namespaces, unless lake is " +
        'existing, got "a-123456789012-us-east-1-an"',
    ],
    [
      { tenants: ["sthree"] },
      'tenants[0].name must be another name than sthree, because S3 reserves bucket names that begin with sthree-, got "sthree"',
    ],
    [
      { recommender: { interactionColumns: ["USER_ID", "TIMESTAMP"] } },
      'recommender.interactionColumns must be the list USER_ID, ITEM_ID, TIMESTAMP, with or without EVENT_TYPE as the fourth, got ["USER_ID","TIMESTAMP"]',
    ],
    [
      { recommender: { defaultEventType: "" } },
      'recommender.defaultEventType must be 1 to 256 characters without control characters, got ""',
    ],
    [{ recommender: { sourceConditions: "yes" } }, 'recommender.sourceConditions must be true or false, got "yes"'],
    [
      { recommender: { existing: { ...ARNS } } },
      "recommender.existing.trackingId must be a tracking id of 1 to 256 letters, digits or hyphens, got nothing",
    ],
    [
      { recommender: { existing: { ...ARNS, datasetArn: ARNS.datasetGroupArn, trackingId: "x" } } },
      `recommender.existing.datasetArn must be the ARN of a Personalize dataset, got "${ARNS.datasetGroupArn}"`,
    ],
    ...[
      ARNS.datasetArn.replace("by-hand", "other"),
      ARNS.datasetArn.replace("INTERACTIONS", "ITEMS"),
      ARNS.datasetArn.replace("123456789012", "999999999999"),
    ].map((datasetArn): [Record<string, unknown>, string] => [
      { recommender: { existing: { ...ARNS, datasetArn, trackingId: "x" } } },
      `recommender.existing.datasetArn must be the interactions dataset of datasetGroupArn, ${ARNS.datasetArn}, got "${datasetArn}"`,
    ]),
    [
      { recommender: { existing: "arn:aws:personalize" } },
      'recommender.existing must be an object with datasetGroupArn, datasetArn, trackingId, got "arn:aws:personalize"',
    ],
    [{ recommender: { eventTypes: [] } }, "recommender.eventTypes must be a list of at least one event type, got []"],
    [
      { recommender: { eventTypes: [..."abcdefghijk"] } },
      'recommender.eventTypes must be a list of at most 10 event types, got ["a","b","c","d","e","f","g","h","i","j","k"]',
    ],
    [{ recommender: { eventTypes: "watch" } }, 'recommender.eventTypes must be a list of event types, got "watch"'],
    [
      { recommender: { eventTypes: ["a\nb"] } },
      'recommender.eventTypes[0] must be 1 to 256 characters without control characters, got "a\\nb"',
    ],
    [{ history: "a" }, 'history must be an object with columns, got "a"'],
    ...["", " a", "a\t", 'a"', "a".repeat(129)].map((USER_ID): [Record<string, unknown>, string] => [
      { history: { columns: { USER_ID } } },
      `history.columns.USER_ID must be a header name of 1 to 128 printable characters without quotes, and without spaces around it, got ${
        USER_ID.length > 80 ? `"${"a".repeat(79)}...` : JSON.stringify(USER_ID)
      }`,
    ]),
    [
      { history: { columns: { USER_ID: "id", ITEM_ID: "ID" } } },
      'history.columns must be a different header name for every column, got {"USER_ID":"id","ITEM_ID":"ID"}',
    ],
    [{ database: "Own" }, 'database must be 1 to 255 lower-case letters, digits or underscores, got "Own"'],
    [{ export: { engine: "spark" } }, 'export.engine must be lambda or glue, got "spark"'],
    ...[
      "interactions/",
      "crm/interactions",
      "/crm/interactions/",
      "crm//interactions/",
      "crm/../interactions/",
      "./crm/",
      "crm/*/",
      "",
    ].map((prefix): [Record<string, unknown>, string] => [
      { export: { source: { prefix } } },
      `export.source.prefix must be a key prefix of two or more folders (letters, digits, - _ . =) that ends with a slash, as crm/interactions/, got "${prefix}"`,
    ]),
    [{ export: { source: "crm/interactions/" } }, 'export.source must be an object with prefix, header, got "crm/interactions/"'],
    [
      { export: { source: { prefix: "crm/interactions/", header: "USER\nITEM" } } },
      'export.source.header must be a line of text of 1 to 1024 printable characters that does not begin with a hyphen, got "USER\\nITEM"',
    ],
    [
      { export: { source: { prefix: "crm/interactions/" }, streamedEvents: "exclude" } },
      'export.streamedEvents must be include when export.source is set, because a source does not tell which interactions were streamed, got "exclude"',
    ],
    [{ export: { streamedEvents: "some" } }, 'export.streamedEvents must be include or exclude, got "some"'],
    [{ pipeline: { schedule: "daily" } }, 'pipeline.schedule must be off, cron(...) or rate(...), got "daily"'],
    [{ pipeline: { schedule: 5 } }, "pipeline.schedule must be off, cron(...) or rate(...), got 5"],
    [
      { pipeline: { schedule: "cron(0 2 * * *)" } },
      'pipeline.schedule must be cron(...) with the 6 fields minutes hours day-of-month month day-of-week year, not 5, got "cron(0 2 * * *)"',
    ],
    ...["Mars/Olympus", "+08:00", "utc", "asia/Singapore", "Asia/singapore", "Asia/SINGAPORE"].map(
      (timeZone): [Record<string, unknown>, string] => [
        { pipeline: { timeZone } },
        `pipeline.timeZone must be a time zone such as UTC or Asia/Singapore, got "${timeZone}"`,
      ],
    ),
    [{ pipeline: { maxWaitHours: 0 } }, "pipeline.maxWaitHours must be a whole number from 1 to 72, got 0"],
    [{ pipeline: { maxBadShare: 10 } }, "pipeline.maxBadShare must be a share from 0 to 1, got 10"],
    [{ pipeline: { maxShrink: "20%" } }, 'pipeline.maxShrink must be a share from 0 to 1, got "20%"'],
    ...["nobody", "a@b", "a b@acme.example"].map((email): [Record<string, unknown>, string] => [
      { alarms: { email } },
      `alarms.email must be an email address, got ${JSON.stringify(email)}`,
    ]),
    [{ projectionStart: "2026/02/30/00" }, 'projectionStart must be an hour as 2026/01/31/00, got "2026/02/30/00"'],
    [{ projectionStart: "2026/01/31/24" }, 'projectionStart must be an hour as 2026/01/31/00, got "2026/01/31/24"'],
    [{ projectionStart: "2026-01-01" }, 'projectionStart must be an hour as 2026/01/31/00, got "2026-01-01"'],
    ...["aws-sims", "aws-personalized-ranking-v2", "aws-next-best-action", "aws-hrnn"].map((recipe): [Record<string, unknown>, string] => [
      { recommender: { recipe } },
      "recommender.recipe must be aws-user-personalization-v2 or aws-user-personalization or aws-popularity-count or aws-trending-now, " +
        `got "${recipe}"`,
    ]),
    [{ recommender: { campaign: "on" } }, 'recommender.campaign must be true or false, got "on"'],
    [{ recommender: { minProvisionedTps: 0 } }, "recommender.minProvisionedTps must be a whole number from 1 to 500, got 0"],
    [{ pipeline: { train: "daily" } }, 'pipeline.train must be never or afterExport or weekly, got "daily"'],
    [{ recommender: { protect: "no" } }, 'recommender.protect must be true or false, got "no"'],
    [
      { logRetentionDays: 8 },
      "logRetentionDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 8",
    ],
    [{ stage: "My-Stage" }, 'stage must be a lower-case letter and 1 to 11 lower-case letters or digits, got "My-Stage"'],
    [{ stage: "athena" }, 'stage must be another name than the reserved crm, recommender, aws, athena, got "athena"'],
    [{ stage: "alice", lake: "create" }, `lake must be existing in the personal stage alice, which shares dev's buckets, got "create"`],
    [{ tenants: undefined }, "tenants must be a list of tenants, got nothing"],
    [{ tenants: "acme" }, 'tenants must be a list of tenants, got "acme"'],
    [{ tenants: [] }, "tenants must be a list of at least one tenant, got []"],
    [{ tenants: ["Acme"] }, 'tenants[0].name must be a lower-case letter and 1 to 19 lower-case letters or digits, got "Acme"'],
    [
      { tenants: ["acme", { name: "bolt", stream: { shards: 0 } }] },
      "tenants[1].stream.shards must be a whole number from 1 to 10000, got 0",
    ],
    [{ tenants: ["acme", "acme"] }, 'tenants must be different for every tenant and use, got "acme" twice'],
    ...[
      { key: "stream.name", settings: { stream: { name: "s" } } },
      { key: "delivery.name", settings: { delivery: { name: "s" } } },
      { key: "database", settings: { database: "s" } },
      { key: "buckets", settings: { buckets: { lake: "a.s" } } },
    ].map(({ key, settings }): [Record<string, unknown>, string] => [
      { tenants: ["acme", "bolt"], ...settings },
      `${key} must be different for every tenant and use, got "${key === "buckets" ? "a.s" : "s"}" for acme and bolt; set it for one of them in tenants`,
    ]),
    [{ buckets: { lake: "one", infra: "one" } }, 'buckets must be different for every tenant and use, got "one" twice'],
    [
      { tenants: ["acme", "bolt"], recommender: { existing: { ...ARNS, trackingId: "x" } } },
      'recommender.existing.trackingId must be different for every tenant and use, got "x" for acme and bolt; set it for one of them in tenants',
    ],
  ];
  for (const [settings, expected] of cases) {
    it(`stops with one line: ${expected}`, () => assert.equal(message(settings), `config ${NAMESPACE}${expected}`));
  }

  it("may be the stack's name", () => {
    assert.equal(
      message({}, "x"),
      `config ${NAMESPACE}stage must be a lower-case letter and 1 to 11 lower-case letters or digits, got "x"`,
    );
  });

  it("may be an item of tenants that is neither name nor object", () => {
    assert.match(message({ tenants: [null, "globex"] }), /tenants\[0\] must be a name, or an object with name, lake, .*, got null$/);
  });

  it("may end with -an where it names an adopted bucket", () => {
    const buckets = { lake: "a-123456789012-us-east-1-an" };
    assert.equal(config({ lake: "existing", buckets }).tenants[0].buckets.lake, buckets.lake);
    assert.equal(config({ buckets }, "alice").tenants[0].buckets.lake, buckets.lake);
  });

  it("may be a flat key, made by config set without --path: the line has the commands that fix it", () => {
    const fixed = (flat: string, value: string) => {
      const key = `'${NAMESPACE}${flat}'`;
      const commands = `run pulumi config rm ${key} -s dev, then pulumi config set --path ${key} ${value} -s dev`;
      return `config ${NAMESPACE}${flat} is one flat key, which nothing reads: ${commands}`;
    };
    assert.equal(message({ "stream.shards": 2 }), fixed("stream.shards", "'2'"));
    assert.equal(message({ "tenants[0].name": "acme" }), fixed("tenants[0].name", "'acme'"));
    assert.equal(message({ "tenants[1]": "it's" }), fixed("tenants[1]", "'it'\\''s'"));
    assert.equal(message({ "history.columns": "a\nb" }), fixed("history.columns", "'VALUE'"));
    assert.match(
      message({ "streem.shards": 2 }),
      /^config c360-recommender:streem\.shards is an unknown setting; `c360-recommender` accepts /,
    );
  });

  it("may be in a namespace that nothing reads", () => {
    for (const key of ["c360-recomender:tenants", "gcp:project", "tenants"]) {
      const [namespace] = key.split(":");
      assert.throws(() => projectSettings({ "aws:region": "x", "pulumi:tags": "{}", [key]: "[]" }), {
        message: `config ${key} must be in the namespace c360-recommender (the program's own), aws or pulumi, got "${namespace}"`,
      });
    }
  });

  it("is cut when its value is long", () => {
    const expected = `config ${NAMESPACE}lake must be create or existing, got "${"x".repeat(79)}...`;
    assert.equal(message({ lake: "x".repeat(5000) }), expected);
  });

  it("may be unknown: the line names the known ones, without the value", () => {
    const nested = message({ delivery: { intervalSecond: "hunter2" } });
    const known = "`delivery` accepts intervalSeconds, sizeMiB, compression, name";
    assert.equal(nested, `config ${NAMESPACE}delivery.intervalSecond is an unknown setting; ${known}`);
    assert.match(
      message({ deliveries: {} }),
      /^config c360-recommender:deliveries is an unknown setting; `c360-recommender` accepts lake, .*, stage, tenants$/,
    );
    const ofTenant = message({ tenants: [{ name: "acme", stage: "prod" }] });
    assert.match(ofTenant, /^config c360-recommender:tenants\[0\]\.stage is an unknown setting; `tenants\[0\]` accepts name, lake, /);
  });

  it("is reported in one line whatever its value is", () => {
    const anything = fc.jsonValue().filter((value) => typeof value !== "object" || value === null || Object.keys(value).length > 0);
    fc.assert(
      fc.property(anything, (value) => {
        const settings = { tenants: JSON.stringify(["acme"]), delivery: JSON.stringify(value) };
        const check = ({ message }: Error) =>
          /^config c360-recommender:delivery.* (must be|is an unknown setting;) .*$/.test(message) && message.length < 500;
        assert.throws(() => parseConfig(settings, "dev"), check);
      }),
    );
  });
});
