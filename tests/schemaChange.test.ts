import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configFlags, previewCommand } from "./support/previewCommand";
import { deployedStacks } from "./support/stackResources";

const FEWER = ["USER_ID", "ITEM_ID", "TIMESTAMP"];

describe("a schema change", function () {
  this.timeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), "c360-schema-"));
  let deployed: string;
  before(async () => {
    const [{ outputs }] = await deployedStacks({ prod: {} });
    deployed = JSON.stringify(outputs);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Previews a stage that was deployed with all columns, with one column less. */
  const preview = (stage: string, settings: Record<string, unknown> = {}) => {
    const file = join(folder, `${stage}.json`);
    writeFileSync(file, deployed.replaceAll("-prod", `-${stage}`));
    return previewCommand(["--stack", stage, "--outputs", file, ...configFlags({ "recommender.interactionColumns": FEWER, ...settings })]);
  };

  for (const stage of ["prod", "staging"]) {
    it(`is refused with advice in ${stage}`, async () => {
      const { code, printed, errors } = await preview(stage);
      assert.deepEqual(
        [code, printed, errors],
        [
          1,
          [],
          [
            "npm run preview: recommender.interactionColumns of tenant acme would change from USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE " +
              `(schema acme-c360-recommender-schema-c4c54-${stage}) to USER_ID, ITEM_ID, TIMESTAMP ` +
              `(schema acme-c360-recommender-schema-40467-${stage}): Personalize cannot change a schema, so the dataset would be replaced ` +
              "and every event lost that was streamed into it; keep the deployed columns, or set recommender.protect to false to accept the loss",
          ],
        ],
      );
    });
  }

  for (const stage of ["dev", "alice"]) {
    it(`is taken in ${stage}`, async () => {
      const { code, errors } = await preview(stage);
      assert.deepEqual([code, errors], [0, []]);
    });
  }

  it("is taken in prod, unprotected, when the loss is accepted", async () => {
    const { code, errors, resources } = await preview("prod", { "recommender.protect": false });
    assert.deepEqual([code, errors], [0, []]);
    const kept = resources().filter(({ protect }) => protect);
    assert.equal(kept.filter(({ type }) => type === "aws:s3/bucket:Bucket").length, 5);
    assert.deepEqual(
      kept.filter(({ urn }) => urn.includes("c360:recommender:Recommender")),
      [],
    );
  });
});
