import * as assert from "node:assert/strict";
import { join } from "node:path";
import * as AdmZip from "adm-zip";
import { exportFunctions } from "../../support/exportFunctions";
import { loadSerialized } from "../../support/serialize";

const ROOT = join(__dirname, "../../..");
const MOST_ZIPPED_BYTES = { export: 21_000, history: 4000 };

describe("the archives of the export and of the history check", () => {
  before(async function () {
    await exportFunctions();
  });

  it("hold one small file that names nothing of this machine and requires only the SDK and Node's own modules", async () => {
    const functions = await exportFunctions();
    for (const [role, required] of [
      ["export", ["@aws-sdk/client-s3", "node:buffer", "node:crypto", "node:net", "node:tls", "node:worker_threads", "node:zlib"]],
      ["history", ["@aws-sdk/client-s3", "node:zlib"]],
    ] as const) {
      const { files } = functions[role];
      assert.deepEqual(Object.keys(files), ["__index.js"]);
      const text = files["__index.js"];
      assert.ok(!text.includes(ROOT));
      const names = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
      assert.deepEqual([...new Set(names)].sort(), required);
      const zip = new AdmZip();
      zip.addFile("__index.js", Buffer.from(text));
      const bytes = zip.toBuffer().length;
      assert.ok(bytes <= MOST_ZIPPED_BYTES[role], `${role}: ${bytes} bytes`);
    }
  });

  it("end a cold start without a setting by naming it", async () => {
    const functions = await exportFunctions();
    for (const [role, who, names] of [
      [
        "export",
        "exportInteractions",
        ["TARGET_BUCKET", "TARGET_KEY", "MANIFEST_KEY", "COLUMNS", "HEADER", "PARTS_LOCATION", "WORK_LOCATION"],
      ],
      ["history", "checkHistory", ["HISTORY_BUCKET", "HISTORY_PREFIX"]],
    ] as const) {
      const { files, environment } = functions[role];
      for (const name of names) {
        const others = Object.fromEntries(Object.entries(environment).filter(([other]) => other !== name));
        await assert.rejects(loadSerialized(files, others), new RegExp(`${who}: environment variable ${name} must be set`));
      }
    }
  });
});
