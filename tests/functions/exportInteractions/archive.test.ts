import * as assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as AdmZip from "adm-zip";
import { exportFunctions } from "../../support/deployedExports";
import { loadSerialized } from "../../support/serialize";

const ROOT = join(__dirname, "../../..");
const FUNCTIONS = {
  export: {
    entry: "functions/exportInteractions/index.ts",
    mostBytes: 47_000,
    mostZippedBytes: 15_000,
    required: [...["@aws-sdk/client-s3", "node:buffer", "node:crypto", "node:stream/promises", "node:worker_threads", "node:zlib"]],
    settings: ["TARGET_BUCKET", "TARGET_KEY", "MANIFEST_KEY", "COLUMNS", "HEADER", "PARTS_LOCATION", "WORK_LOCATION"],
    name: "exportInteractions",
  },
  history: {
    entry: "functions/describeHistory/index.ts",
    mostBytes: 12_500,
    mostZippedBytes: 4700,
    required: ["@aws-sdk/client-s3", "node:zlib"],
    settings: ["HISTORY_BUCKET", "HISTORY_PREFIX", "HISTORY_COLUMNS", "DESCRIPTIONS_BUCKET", "DESCRIPTIONS_KEY"],
    name: "describeHistory",
  },
};

for (const [role, expected] of Object.entries(FUNCTIONS)) {
  describe(`the archive of ${expected.name}`, () => {
    it("holds one small file that requires only the SDK and Node's own modules", async () => {
      const { files } = (await exportFunctions())[role];
      assert.deepEqual(Object.keys(files), ["__index.js"]);
      const text = files["__index.js"];
      const names = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name);
      assert.deepEqual([...new Set(names)].sort(), expected.required);
      const zip = new AdmZip();
      zip.addFile("__index.js", Buffer.from(text));
      const [bytes, zippedBytes] = [Buffer.byteLength(text), zip.toBuffer().length];
      assert.ok(bytes <= expected.mostBytes, `${bytes} bytes`);
      assert.ok(zippedBytes <= expected.mostZippedBytes, `${zippedBytes} bytes`);
    });

    it("does not depend on the folder that it is built in", async () => {
      const { files } = (await exportFunctions())[role];
      assert.ok(!files["__index.js"].includes(ROOT));
      assert.equal(await bundledElsewhere(expected.entry), files["__index.js"]);
    });

    it("ends a cold start without a setting with an error that names it", async () => {
      const { files, environment } = (await exportFunctions())[role];
      for (const name of expected.settings) {
        const others = Object.fromEntries(Object.entries(environment).filter(([other]) => other !== name));
        await assert.rejects(loadSerialized(files, others), new RegExp(`${expected.name}: environment variable ${name} must be set`));
      }
    });
  });
}

/** The bundle of a copy of the functions in another folder, made by a process of its own. */
async function bundledElsewhere(entry: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "c360-bundle-"));
  try {
    await cp(join(ROOT, "functions"), join(folder, "functions"), { recursive: true });
    await cp(join(ROOT, "components"), join(folder, "components"), { recursive: true });
    await cp(join(ROOT, "tsconfig.json"), join(folder, "tsconfig.json"));
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await mkdir(join(folder, "elsewhere"));
    await writeFile(
      join(folder, "print.ts"),
      `import { bundledCode } from "./components/shared/lambdaCode";
       void Promise.resolve(bundledCode(process.argv[2]).archive).then(async (archive) => {
         const assets = await (archive as unknown as { assets: Promise<Record<string, { text: Promise<string> }>> }).assets;
         process.stdout.write(await assets["__index.js"].text);
       });`,
    );
    const args = ["-r", "ts-node/register/transpile-only", join(folder, "print.ts"), entry];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(folder, "elsewhere") });
    return stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}
