import * as assert from "node:assert/strict";
import type { Json } from "@c360/local-aws";
import { deployedStacks, runStack, stackWith } from "./support/stackResources";

const FEWER = ["USER_ID", "ITEM_ID", "TIMESTAMP"];

describe("a schema change", () => {
  let outputs: string;
  before(async () => {
    const [prod] = await deployedStacks({ prod: {} });
    outputs = JSON.stringify(prod.outputs);
  });

  /** Previews a stage that was deployed with all columns, with one column less. */
  const preview = async (stage: string, recommender: object = {}) =>
    runStack(await stackWith(stage, { recommender: { interactionColumns: FEWER, ...recommender } }), {
      dryRun: true,
      deployed: JSON.parse(outputs.replaceAll("-prod", `-${stage}`)) as Json,
    });

  for (const stage of ["prod", "staging"]) {
    it(`is refused with advice in ${stage}`, async () => {
      await assert.rejects(preview(stage), {
        message:
          "recommender.interactionColumns of tenant acme would change from USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE " +
          `(schema acme-c360-recommender-schema-c4c54-${stage}) to USER_ID, ITEM_ID, TIMESTAMP ` +
          `(schema acme-c360-recommender-schema-40467-${stage}): Personalize cannot change a schema, so the dataset would be replaced ` +
          "and every event lost that was streamed into it; keep the deployed columns, or set recommender.protect to false to accept the loss",
      });
    });
  }

  for (const stage of ["dev", "alice"]) {
    it(`is accepted in ${stage}`, async () => {
      const { printed } = await preview(stage);
      assert.deepEqual(printed, []);
    });
  }

  it("is accepted in prod when the loss is accepted, and leaves the recommender unprotected", async () => {
    const { printed, resources } = await preview("prod", { protect: false });
    assert.deepEqual(printed, []);
    const kept = resources.filter(({ protect }) => protect);
    assert.equal(kept.filter(({ type }) => type === "aws:s3/bucket:Bucket").length, 5);
    assert.deepEqual(
      kept.filter(({ urn }) => urn.includes("c360:recommender:Recommender")),
      [],
    );
  });

  it("is accepted where nothing was deployed yet", async () => {
    const { printed } = await runStack(await stackWith("prod", { recommender: { interactionColumns: FEWER } }), { dryRun: true });
    assert.deepEqual(printed, []);
  });
});
