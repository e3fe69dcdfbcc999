import { join } from "node:path";
import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { buildSync } from "esbuild";

/** A function's archive, one JavaScript file, and the handler in it. */
export interface LambdaCode {
  archive: pulumi.Input<pulumi.asset.AssetArchive>;
  handler: string;
}

const FILE = "__index";
const HANDLER = `${FILE}.handler`;
const REPOSITORY = join(__dirname, "../..");

/** Cached by factory: all tenants share their code, and serializing a factory takes up to a second. */
const serialized = new WeakMap<object, Promise<pulumi.runtime.SerializedFunction>>();
/** Cached by entry point, for the same reason. */
const bundled = new Map<string, string>();

/**
 * Serializes an inline callback, as `aws.lambda.CallbackFunction` does with a `callbackFactory`, but without packages: the Node.js
 * runtimes bring SDK v3, and nothing else is used at run time.
 *
 * @param factory runs once per container and returns the handler; it may capture nothing but code
 */
export function inlineCode<E, R>(factory: aws.lambda.CallbackFactory<E, R>): LambdaCode {
  const known = serialized.get(factory) ?? pulumi.runtime.serializeFunction(factory, { exportName: "handler", isFactoryFunction: true });
  serialized.set(factory, known);
  return { archive: known.then(({ text }) => archiveOf(text)), handler: HANDLER };
}

/**
 * Bundles a module and all that it imports, but for the SDK, which the Node.js runtimes bring. The bundle is the same on every machine.
 *
 * @param entry path from the root of the repository of the module that exports `handler`
 * @throws Error of esbuild, which names file and line, when the module cannot be bundled
 */
export function bundledCode(entry: string): LambdaCode {
  const text = bundled.get(entry) ?? bundle(entry);
  bundled.set(entry, text);
  return { archive: archiveOf(text), handler: HANDLER };
}

function bundle(entry: string): string {
  const { outputFiles } = buildSync({
    absWorkingDir: REPOSITORY,
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["@aws-sdk/*"],
    charset: "utf8",
    legalComments: "none",
    // What tsconfig.json says is for the compiler of the program: the bundle does not depend on it.
    tsconfigRaw: { compilerOptions: { alwaysStrict: true } },
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

function archiveOf(text: string): pulumi.asset.AssetArchive {
  return new pulumi.asset.AssetArchive({ [`${FILE}.js`]: new pulumi.asset.StringAsset(text) });
}
