import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { preflight } from "../preflight";
import { ARNS, config } from "./support/settings";

type Call = (args: pulumi.runtime.MockCallArgs) => unknown;
type Settings = Record<string, unknown>;

const ALL = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"];
const FEWER = ["USER_ID", "ITEM_ID", "TIMESTAMP"];
const CAMPAIGN = "arn:aws:personalize:ap-southeast-1:123456789012:campaign/c";
const BY_HAND = { existing: { ...ARNS, trackingId: "x" } };
const ZONES = ["upstream", "lake", "downstream", "infra", "cache"];
/** `<schema of all columns>` and of fewer, of a tenant and stage. */
const schema = (hash: string, tenant: string, stage: string) => `${tenant}-c360-recommender-schema-${hash}-${stage}`;

/** Outputs of a tenant's deployment with the defaults of its stage. */
function outputs(stage: string, changed: Settings = {}, tenant = "acme"): Settings {
  const suffix = { prod: "", staging: "-staging" }[stage] ?? "-dev";
  return {
    lake: ["prod", "staging", "dev"].includes(stage) ? "create" : "existing",
    buckets: Object.fromEntries(ZONES.map((zone) => [zone, `${tenant}-c360-${zone}${suffix}`])),
    streamName: `${tenant}-c360-recommender-stream-${stage}`,
    streamArn: `arn:aws:kinesis:ap-southeast-1:123456789012:stream/${tenant}-c360-recommender-stream-${stage}`,
    streamMode: "provisioned",
    shards: stage === "prod" ? 5 : 1,
    deliveryStreamName: `${tenant}-c360-recommender-delivery-${stage}`,
    schemaName: schema("c4c54", tenant, stage),
    interactionColumns: ALL,
    recommenderProtected: ["prod", "staging"].includes(stage),
    ...changed,
  };
}

/** Runs the checks of a stack for which the engine and the provider answer as `call` does. */
async function run(stage: string, settings: Settings, call: Call, dryRun = true): Promise<{ refused: string[]; warned: string[] }> {
  const mocks = { newResource: () => ({ id: "", state: {} }), call: (asked: pulumi.runtime.MockCallArgs) => call(asked) as object };
  await pulumi.runtime.setMocks(mocks, "c360-recommender", stage, dryRun, "some-org");
  const { warn } = console;
  const warned: string[] = [];
  console.warn = (line: string) => void warned.push(line.replace("warning: [runtime] ", ""));
  try {
    await preflight(stage, "ap-southeast-1", config(settings, stage).tenants);
    return { refused: [], warned };
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    return { refused: error.message.split("\n"), warned };
  } finally {
    console.warn = warn;
  }
}

/** Compares settings with the outputs of acme's last deployment; preview and update must find the same. */
async function compare(stage: string, changed: Settings, settings: Settings, shards?: number) {
  const call: Call = ({ token }) => {
    if (token === "pulumi:pulumi:readStackOutputs") return { outputs: { tenants: { acme: outputs(stage, changed) } } };
    if (token === "aws:s3/getBucket:getBucket") return {};
    if (shards === undefined) throw Object.assign(new Error(), { details: "AccessDenied: kinesis:DescribeStreamSummary" });
    return { openShards: Array.from({ length: shards }, String) };
  };
  const found = await run(stage, settings, call);
  assert.deepEqual(await run(stage, settings, call, false), found);
  return found;
}

const quiet = { refused: [], warned: [] };

describe("preflight", () => {
  for (const stage of ["prod", "staging", "dev", "alice"]) {
    it(`finds nothing in ${stage} where nothing changed`, async () => assert.deepEqual(await compare(stage, {}, {}), quiet));
  }

  const withoutOutputs: [title: string, call: Call][] = [
    ["when the stack was never deployed", () => ({ outputs: {} })],
    ["when the tenant is new", () => ({ outputs: { tenants: {} } })],
    ["when an older program wrote other outputs", () => ({ outputs: { tenants: { acme: { schemaName: 7, buckets: "all" } } } })],
    ["when mocks echo their inputs", ({ inputs }) => inputs as object],
  ];
  for (const [title, call] of withoutOutputs) {
    it(`finds nothing ${title}`, async () => {
      const settings = { stream: { shards: 90 }, lake: "existing", recommender: { interactionColumns: FEWER } };
      assert.deepEqual(await run("prod", settings, call), quiet);
    });
  }

  it("reads the outputs once, and warns when they cannot be read", async () => {
    const asked: unknown[] = [];
    const refused: Call = ({ token, inputs }) => {
      asked.push([token, inputs]);
      throw Object.assign(new Error(), { details: "unknown stack" });
    };
    const { warned } = await run("prod", { recommender: { interactionColumns: FEWER } }, refused);
    assert.deepEqual(asked, [["pulumi:pulumi:readStackOutputs", { name: "some-org/c360-recommender/prod" }]]);
    assert.equal(warned.length, 1);
    assert.match(
      warned[0],
      /^the settings are not compared with the last deployment, because its outputs cannot be read: .*unknown stack$/,
    );
  });
});

describe("preflight of the schema", () => {
  const fewer = (protect?: boolean) => ({ recommender: { interactionColumns: FEWER, ...(protect !== undefined && { protect }) } });
  const change = (stage: string) =>
    `recommender.interactionColumns of tenant acme would change from ${ALL.join(", ")} (schema ${schema("c4c54", "acme", stage)}) to ` +
    `${FEWER.join(", ")} (schema ${schema("40467", "acme", stage)}): Personalize cannot change a schema, so the dataset is replaced ` +
    "and every event that was streamed into it is lost";
  const accept = "; keep the deployed columns, or accept the loss in two updates: first recommender.protect: false alone";
  const twoUpdates = `${accept}, then the new columns`;

  it("refuses new columns while the dataset is protected, together with protect: false too", async () => {
    for (const stage of ["prod", "staging"]) {
      const refused = [change(stage) + twoUpdates];
      for (const protect of [undefined, false]) assert.deepEqual(await compare(stage, {}, fewer(protect)), { refused, warned: [] });
    }
  });

  it("says that a campaign must go first", async () => {
    const teardown = "npm run teardown -- --stack prod --tenant acme";
    const { refused } = await compare("prod", { campaignArn: CAMPAIGN }, fewer(false));
    assert.deepEqual(refused, [`${change("prod")}${accept}, then ${teardown}, then the new columns`]);
    const open = await compare("prod", { campaignArn: CAMPAIGN, recommenderProtected: false }, fewer(false));
    assert.deepEqual(open, { refused: [], warned: [`${change("prod")}; a campaign keeps its dataset, so run ${teardown} first`] });
  });

  it("accepts them once the protection is off, and only while it is", async () => {
    assert.deepEqual(await compare("prod", { recommenderProtected: false }, fewer(false)), quiet);
    const { refused } = await compare("prod", { recommenderProtected: false }, fewer());
    assert.deepEqual(refused, [`${change("prod")}; keep the deployed columns, or leave recommender.protect at false for this update`]);
    assert.deepEqual(await compare("dev", {}, fewer()), quiet);
  });

  it("takes the stage's protection where an older program did not write it", async () => {
    const older = { recommenderProtected: undefined, interactionColumns: undefined };
    const { refused } = await compare("prod", older, fewer(false));
    assert.match(refused[0], /^recommender\.interactionColumns of tenant acme would change from schema acme-\S+ to /);
    assert.deepEqual(await compare("dev", older, fewer()), quiet);
  });

  it("names every tenant whose dataset would be replaced, each on a line, and no other", async () => {
    const names = ["acme", "bolt", "cord"];
    const deployed = Object.fromEntries(names.map((name) => [name, outputs("prod", {}, name)]));
    const tenants = names.map((name) => ({ name, recommender: { interactionColumns: name === "bolt" ? ALL : FEWER } }));
    const { refused } = await run("prod", { tenants }, () => ({ outputs: { tenants: deployed } }));
    assert.deepEqual(
      refused.map((line) => line.slice(0, 46)),
      ["recommender.interactionColumns of tenant acme ", "recommender.interactionColumns of tenant cord "],
    );
  });

  it("says what is lost when a recommender that was created by hand takes its place, and nothing the other way", async () => {
    const loss =
      "tenant acme would adopt another recommender: the dataset group that the stack created is deleted, and every event that was streamed into it is lost";
    const teardown = (stage: string) => `npm run teardown -- --stack ${stage} --tenant acme`;
    for (const [stage, changed] of [["dev", {}] as const, ["prod", { recommenderProtected: false }] as const]) {
      const warned = [`${loss}; a solution keeps its dataset group, so run ${teardown(stage)} first`];
      assert.deepEqual(await compare(stage, changed, { recommender: BY_HAND }), { refused: [], warned });
    }
    const steps = `first recommender.protect: false alone, then ${teardown("prod")}, then recommender.existing`;
    const refused = [`${loss}; remove recommender.existing, or accept the loss in two updates: ${steps}`];
    for (const protect of [true, false]) {
      assert.deepEqual(await compare("prod", {}, { recommender: { ...BY_HAND, protect } }), { refused, warned: [] });
    }
    assert.deepEqual(await compare("dev", { schemaName: undefined }, {}), quiet);
  });
});

describe("preflight of the lake", () => {
  const buckets = ZONES.map((zone) => `acme-c360-${zone}-dev`);
  const advice = `take the buckets out of the stack's state first, see "Leave a lake" in docs/operations.md`;

  it("refuses to adopt the buckets that the stack created", async () => {
    const { refused } = await compare("dev", {}, { lake: "existing" });
    assert.deepEqual(refused, [
      `lake of tenant acme would change from create to existing: the stack created ${buckets.join(", ")}, and the update would delete ` +
        `them with all their data; ${advice}`,
    ]);
    const kept = await compare("prod", {}, { lake: "existing" });
    assert.match(kept.refused[0], /acme-c360-cache, and the update would fail at their protection; take /);
  });

  it("refuses another name for a bucket that the stack created", async () => {
    const { refused } = await compare("dev", {}, { buckets: { lake: "the-lake", cache: "scratch" } });
    assert.deepEqual(refused, [
      "buckets.lake of tenant acme would change from acme-c360-lake-dev to the-lake and buckets.cache of tenant acme would change from " +
        "acme-c360-cache-dev to scratch: the stack created acme-c360-lake-dev, acme-c360-cache-dev, and the update would delete them " +
        `with all their data; ${advice}`,
    ]);
  });

  it("warns where an older program did not write whether the stack created the buckets", async () => {
    const older = { lake: undefined };
    const { refused, warned } = await compare("dev", older, { lake: "existing" });
    assert.deepEqual(refused, []);
    assert.deepEqual(warned, [
      `the outputs of tenant acme do not say whether the stack created or adopted ${buckets.join(", ")}: if it created them, the update ` +
        `would delete them with all their data; see "Leave a lake" in docs/operations.md`,
    ]);
    assert.deepEqual(await compare("dev", older, {}), quiet);
    assert.deepEqual(await compare("alice", older, {}), quiet);
  });

  it("accepts other adopted buckets, and buckets of its own after adopted ones", async () => {
    assert.deepEqual(await compare("alice", {}, { buckets: { lake: "the-lake" } }), quiet);
    assert.deepEqual(await compare("dev", { lake: "existing" }, { lake: "create" }), quiet);
  });
});

describe("preflight of the streams", () => {
  it("refuses to more than double or halve the shards, and names the next step", async () => {
    const cases: [from: number, to: number, next: number][] = [
      [2, 8, 4],
      [1, 3, 2],
      [10, 4, 5],
      [7, 3, 4],
    ];
    for (const [from, to, next] of cases) {
      const { refused } = await compare("dev", { shards: from }, { stream: { shards: to } });
      const change = `stream.shards of tenant acme would change from ${from} to ${to}`;
      assert.deepEqual(refused, [`${change}: one update at most doubles or halves the shards, so set ${next} first`]);
      assert.deepEqual(await compare("dev", { shards: from }, { stream: { shards: next } }), quiet);
    }
  });

  const onDemand = { streamMode: "on-demand", shards: 4 };
  const toProvisioned = (shards: number) =>
    `stream.mode of tenant acme would change from on-demand to provisioned with ${shards} shard${shards === 1 ? "" : "s"}`;

  it("refuses fewer shards than a stream on demand has open", async () => {
    const open = ": acme-c360-recommender-stream-dev has 8 open shards, so set stream.shards to a number from 8 to 16 first";
    for (const shards of [1, 7, 17]) {
      assert.deepEqual((await compare("dev", onDemand, { stream: { shards } }, 8)).refused, [toProvisioned(shards) + open]);
    }
    for (const shards of [8, 16]) assert.deepEqual(await compare("dev", onDemand, { stream: { shards } }, 8), quiet);
  });

  it("warns when the open shards cannot be looked up, and asks for none otherwise", async () => {
    const { refused, warned } = await compare("dev", onDemand, {});
    assert.deepEqual(refused, []);
    assert.equal(warned.length, 1);
    assert.ok(warned[0].startsWith(`${toProvisioned(1)}: whether that is as many as are open was not checked, because `), warned[0]);
    assert.match(warned[0], /stream-dev cannot be looked up: .*AccessDenied/);
    assert.deepEqual(await compare("dev", {}, { stream: { mode: "on-demand" } }), quiet);
    assert.deepEqual(await compare("dev", onDemand, { stream: { mode: "on-demand" } }), quiet);
  });

  it("refuses another region, where nothing of the stack is", async () => {
    const elsewhere = { streamArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/events" };
    const { refused } = await compare("dev", elsewhere, { stream: { shards: 9 } });
    assert.deepEqual(refused, [
      "aws:region would change from eu-west-1 to ap-southeast-1, and nothing of tenant acme moves: keep the region, or destroy the stack first",
    ]);
  });

  it("says what is lost with another name", async () => {
    const names = { stream: { name: "events", shards: 9 }, delivery: { name: "to-upstream" } };
    const { refused, warned } = await compare("dev", {}, names);
    assert.deepEqual(refused, []);
    assert.deepEqual(warned, [
      "stream.name of tenant acme changes from acme-c360-recommender-stream-dev to events: the stream is replaced, and the records that " +
        "nobody has read yet are lost",
      "delivery.name of tenant acme changes from acme-c360-recommender-delivery-dev to to-upstream: the new delivery stream starts at the " +
        "newest record, so upstream misses the events sent meanwhile",
    ]);
  });
});

describe("preflight of removed tenants", () => {
  const unprotect = ", and then pulumi state unprotect for what is protected";
  const cases: [stage: string, changed: Settings, buckets: string, unprotect: string][] = [
    ["dev", {}, "its buckets are deleted with all their data", ""],
    ["dev", { schemaName: undefined }, "its buckets are deleted with all their data", ""],
    ["alice", {}, "its adopted buckets stay as they are", ""],
    ["prod", {}, "its buckets stay, outside the stack", unprotect],
    ["prod", { lake: "existing" }, "its adopted buckets stay as they are", unprotect],
  ];
  for (const [stage, changed, buckets, protection] of cases) {
    it(`says in ${stage} what happens to their data: ${Object.keys(changed).join() || "defaults"}`, async () => {
      const tenants = { acme: outputs(stage), bolt: outputs(stage, changed, "bolt") };
      const group = "schemaName" in changed ? "" : "its dataset group with every event that was streamed into it, ";
      const { refused, warned } = await run(stage, {}, () => ({ outputs: { tenants } }));
      assert.deepEqual(refused, []);
      assert.deepEqual(warned, [
        "tenant bolt is no longer in the settings: its stream is deleted with the records that nobody has read yet, " +
          `${group}and its tables' definitions; ${buckets}. Run npm run teardown -- ` +
          `--stack ${stage} --tenant bolt before this update, while the tenant is in the settings${protection}. To rename a tenant is to remove it and to add another: no data moves`,
      ]);
    });
  }
});
