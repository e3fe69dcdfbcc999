import * as assert from "node:assert/strict";
import { join } from "node:path";
import * as AdmZip from "adm-zip";
import { forwarderArchive, loadForwarder } from "../../support/forwarder";

const ROOT = join(__dirname, "../../..");
const MAX_ZIPPED_BYTES = 14_000;

describe("the forwarder's archive", () => {
  it("holds one file of at most 14 kB zipped", async () => {
    const files = await forwarderArchive();
    const zip = new AdmZip();
    for (const [path, text] of Object.entries(files)) zip.addFile(path, Buffer.from(text));
    assert.deepEqual(
      zip.getEntries().map(({ entryName }) => entryName),
      ["__index.js"],
    );
    const bytes = zip.toBuffer().length;
    assert.ok(bytes <= MAX_ZIPPED_BYTES, `${bytes} bytes`);
  });

  it("contains no path of this machine, and requires only the SDK and Node's own modules", async () => {
    const { "__index.js": text } = await forwarderArchive();
    assert.ok(!text.includes(ROOT));
    const required = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(required)].sort(), [
      "@aws-sdk/client-personalize-events",
      "@aws-sdk/client-s3",
      "buffer",
      "crypto",
      "http",
      "https",
    ]);
  });

  it("fails at its cold start with the name of a missing or invalid variable", async () => {
    const endpoint = "http://127.0.0.1:1";
    for (const name of ["TRACKING_ID", "DEAD_LETTER_BUCKET", "DEAD_LETTER_PREFIX", "CALLS_PER_SECOND", "TENANT", "STAGE"]) {
      const message = new RegExp(`forwardEvents: environment variable ${name} must be set`);
      await assert.rejects(loadForwarder({ endpoint, env: { [name]: undefined } }), message);
    }
    const message = /forwardEvents: environment variable CALLS_PER_SECOND must be a number above 0, got "many"/;
    await assert.rejects(loadForwarder({ endpoint, env: { CALLS_PER_SECOND: "many" } }), message);
  });
});
