import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FunctionError, type Provider } from "../src/resources";
import type { Json } from "../src/wire";

const NODE_MODULES = resolve(require.resolve("@pulumi/pulumi/package.json"), "../../..");

const FILES = {
  "Pulumi.yaml": "name: shop\nruntime: nodejs\nconfig:\n  aws:region:\n    value: ap-southeast-1\n",
  "Pulumi.dev.yaml": "config: {}\n",
  "package.json": '{ "private": true }',
  "tsconfig.json": JSON.stringify({
    compilerOptions: { target: "es2022", module: "commonjs", moduleResolution: "node10", strict: true },
    "ts-node": { swc: true },
  }),
};

/** Imports, and the resource `Thing` of a package that needs no SDK, to begin a program with. */
export const PRELUDE = `import * as pulumi from "@pulumi/pulumi";
class Thing extends pulumi.CustomResource {
  declare arn: pulumi.Output<string>;
  constructor(name: string, args: pulumi.Inputs = {}, opts?: pulumi.CustomResourceOptions) {
    super("test:index:Thing", name, { arn: undefined, ...args }, opts);
  }
}
`;

/** A temporary Pulumi program. */
export interface TestProgram {
  programDir: string;
  remove(): void;
}

/**
 * Writes a program to a temporary folder.
 *
 * @param index content of index.ts
 * @param files more files by name
 */
export function writeProgram(index: string, files: Record<string, string> = {}): TestProgram {
  const programDir = realpathSync(mkdtempSync(join(tmpdir(), "local-pulumi-")));
  for (const [name, content] of Object.entries({ ...FILES, "index.ts": index, ...files })) writeFileSync(join(programDir, name), content);
  symlinkSync(NODE_MODULES, join(programDir, "node_modules"));
  return { programDir, remove: () => rmSync(programDir, { recursive: true, force: true }) };
}

/**
 * A provider of `test:index:Thing` that remembers what it is asked; a Thing with the input `fail` cannot be created,
 * and the function `test:index:refuse` answers with an error.
 */
export class TestProvider implements Provider {
  readonly checked: { type: string; inputs: Json }[] = [];
  readonly created: { type: string; inputs: Json; urn: string }[] = [];

  check(type: string, inputs: Json): void {
    if (type !== "test:index:Thing" && type !== "pulumi:providers:test") throw new Error(`the type ${type} is unknown`);
    if ("colour" in inputs) throw new Error(`${type}: the input colour is unknown`);
    this.checked.push({ type, inputs });
  }

  async create(type: string, inputs: Json, urn: string): Promise<{ id: string; state: Json }> {
    this.created.push({ type, inputs, urn });
    if (typeof inputs.fail === "string") throw new Error(inputs.fail);
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    return { id: `${name}-id`, state: { arn: `arn:${name}`, absent: undefined } };
  }

  invoke(token: string, args: Json): Json {
    if (token === "test:index:refuse") throw new FunctionError("not today");
    if (token !== "test:index:double") throw new Error(`the function ${token} is unknown`);
    return { value: Number(args.value) * 2 };
  }
}
