import * as assert from "node:assert/strict";
import type { Json } from "@c360/local-aws";
import { deployedStacks, runStack, stackWith } from "./support/stackResources";

const FEWER = { interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"] };

describe("the outputs of a deployment", () => {
  let deployed: Json;
  before(async () => {
    const [dev] = await deployedStacks({ dev: { tenants: ["acme", "bolt"] } });
    deployed = dev.outputs;
  });

  const preview = async (settings: object, outputs = deployed) =>
    runStack(await stackWith("dev", { tenants: ["acme", "bolt"], ...settings }), { dryRun: true, deployed: outputs });
  const refused = (settings: object) =>
    preview(settings).then(
      () => assert.fail("accepted"),
      ({ message }: Error) => message,
    );

  it("say what the checks of the next preview compare", async () => {
    assert.deepEqual((await preview({})).printed, []);
    const lines = (await refused({ lake: "existing", stream: { shards: 3 } })).split("\n");
    assert.deepEqual(
      lines.map((line) => line.slice(0, line.indexOf(" would change "))),
      ["acme", "bolt"].flatMap((tenant) => [`lake of tenant ${tenant}`, `stream.shards of tenant ${tenant}`]),
    );
    const { printed } = await preview({ tenants: ["acme"] });
    assert.equal(printed.length, 1);
    assert.match(printed[0], /^warning: tenant bolt is no longer in the settings: /);
  });

  it("tell whether the dataset is protected: new columns take two updates", async () => {
    const [prod] = await deployedStacks({ prod: {} });
    const stack = await stackWith("prod", { recommender: { ...FEWER, protect: false } });
    await assert.rejects(
      runStack(stack, { dryRun: true, deployed: prod.outputs }),
      /in two updates: first recommender\.protect: false alone/,
    );

    const [open] = await deployedStacks({ prod: { recommender: { protect: false } } });
    const { printed, resources } = await runStack(stack, { dryRun: true, deployed: open.outputs });
    assert.equal(printed.length, 1);
    assert.match(
      printed[0],
      /^warning: recommender\.interactionColumns of tenant acme .* so run npm run teardown -- --stack prod --tenant acme first$/,
    );
    const kept = resources.filter(({ protect }) => protect);
    assert.equal(kept.filter(({ type }) => type === "aws:s3/bucket:Bucket").length, 5);
    assert.deepEqual(
      kept.filter(({ urn }) => urn.includes("c360:recommender:Recommender")),
      [],
    );
  });
});
