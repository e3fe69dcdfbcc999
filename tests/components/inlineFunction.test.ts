import * as assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { codePathOptions, inlineFunction } from "../../components/inlineFunction";
import { makeHandler } from "../../functions/forwardEvents/handler";
import { deploy } from "../support/pulumiMocks";

interface Code {
  assets: Record<string, { text: string }>;
}

/** The archive of a function as Pulumi would upload it: text by entry. */
async function archive(factory: aws.lambda.CallbackFactory<never, unknown>): Promise<Record<string, string>> {
  const { get } = await deploy(() => {
    const role = new aws.iam.Role("role", { assumeRolePolicy: "{}" });
    const logGroup = new aws.cloudwatch.LogGroup("logs", {});
    inlineFunction(
      "function",
      { functionName: "n", factory, role, logGroup, memoryMiB: 128, timeoutSeconds: 3, environment: {}, tags: {} },
      {},
    );
  });
  const { assets } = get("aws:lambda/function:Function", "function").inputs.code as Code;
  return Object.fromEntries(Object.entries(assets).map(([entry, { text }]) => [entry, text]));
}

describe("inlineFunction", () => {
  it("makes the same archive every time, without a path of this machine", async () => {
    const first = await archive(() => makeHandler());
    assert.deepEqual(Object.keys(first), ["__index.js"]);
    assert.deepEqual(await archive(() => makeHandler()), first);
    assert.ok(!first["__index.js"].includes(process.cwd()));
    assert.ok(!first["__index.js"].includes("@pulumi"));
  });
});

describe("codePathOptions", () => {
  let folder: string;
  const here = process.cwd();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "c360-packages-"));
    const modules = { added: { below: "1.0.0" }, below: {} };
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "p", version: "1.0.0", dependencies: { added: "1.0.0" } }));
    for (const [name, dependencies] of Object.entries(modules)) {
      await mkdir(join(folder, "node_modules", name), { recursive: true });
      await writeFile(join(folder, "node_modules", name, "package.json"), JSON.stringify({ name, version: "1.0.0", dependencies }));
    }
    process.chdir(folder);
  });
  after(async () => {
    process.chdir(here);
    await rm(folder, { recursive: true });
  });

  it("keeps a package out that was added to dependencies, which would travel otherwise", async () => {
    const entries = async (options: pulumi.runtime.CodePathOptions) => [...(await pulumi.runtime.computeCodePaths(options)).keys()].sort();
    assert.deepEqual(await entries({}), ["node_modules/added", "node_modules/below"]);
    assert.deepEqual(await entries(codePathOptions()), []);
  });

  it("is fresh at every call, because Pulumi changes it", () => {
    const first = codePathOptions();
    assert.deepEqual(first, { extraExcludePackages: ["added"] });
    first.extraExcludePackages.push("aws-sdk");
    assert.deepEqual(codePathOptions(), { extraExcludePackages: ["added"] });
  });

  it("takes a project without dependencies", async () => {
    await writeFile(join(folder, "none.json"), "{}");
    assert.deepEqual(codePathOptions(join(folder, "none.json")), { extraExcludePackages: [] });
  });

  it("names the file that is missing", () => {
    assert.throws(() => codePathOptions("absent.json"), /absent\.json/);
  });
});
