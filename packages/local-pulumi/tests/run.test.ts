import * as assert from "node:assert/strict";
import { Kind, SIGNATURE } from "../src/wire";
import type { Deployment } from "../src/run";
import { runProgram } from "../src/run";
import { readStack } from "../src/stack";
import { PRELUDE, TestProvider, writeProgram } from "../testing/program";

const PROGRAM = `${PRELUDE}
const typeError: number = "transpiled all the same";
class Shelf extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("test:shop:Shelf", name, {}, opts);
    const first = new Thing(name + "-first", { size: 3, nothing: undefined }, { parent: this });
    const second = new Thing(name + "-second", { of: first.arn, tags: { list: [first.id, "known"] } }, { parent: this, dependsOn: [first] });
    this.arn = second.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
class Test extends pulumi.ProviderResource {
  constructor() { super("test", "explicit", { region: "here" }); }
}
const config = new pulumi.Config();
const shelf = new Shelf("shelf", { protect: true });
const code = new pulumi.asset.AssetArchive({ "index.js": new pulumi.asset.StringAsset("exports.a = 1;") });
const hidden = new Thing("hidden", { password: config.get("plain") && pulumi.secret({ word: "open sesame" }), code }, { retainOnDelete: true });
new Thing("provided", { made: shelf }, { provider: new Test() });
console.log("printed");
pulumi.log.warn("careful");
export const arn = shelf.arn;
export const region = new pulumi.Config("aws").require("region");
export const word = hidden.urn.apply(() => (hidden as any).password);
export const secretWord = pulumi.output(pulumi.secret("hush"));
export const twice = pulumi.runtime.invoke("test:index:double", { value: 21 }).then((answer: any) => answer.value);
export const refused = pulumi.runtime.invoke("test:index:refuse", {}).catch((error: Error) => error.message);
const own = \`\${pulumi.getOrganization()}/\${pulumi.getProject()}/\${pulumi.getStack()}\`;
export const before = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: own }).then((answer: any) => answer.outputs);
export const id = hidden.id;
export const key = process.env.AWS_SECRET_ACCESS_KEY ?? "none";
`;

const root = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev";
const shelf = "urn:pulumi:dev::shop::test:shop:Shelf::shelf";
const first = "urn:pulumi:dev::shop::test:shop:Shelf$test:index:Thing::shelf-first";
const second = "urn:pulumi:dev::shop::test:shop:Shelf$test:index:Thing::shelf-second";
const hidden = "urn:pulumi:dev::shop::test:index:Thing::hidden";
const explicit = "urn:pulumi:dev::shop::pulumi:providers:test::explicit";
const provided = "urn:pulumi:dev::shop::test:index:Thing::provided";

describe("a program that works", () => {
  const program = writeProgram(PROGRAM);
  const provider = new TestProvider();
  const said: string[] = [];
  let deployment: Deployment;

  before(async () => {
    process.env.AWS_SECRET_ACCESS_KEY = "the machine's";
    const stack = await readStack(program.programDir, "dev", { overrides: ["plain=yes"] });
    deployment = await runProgram({
      ...stack,
      provider,
      onLog: (severity, text) => severity !== "debug" && said.push(`${severity} ${text}`),
    });
  });
  after(() => {
    delete process.env.AWS_SECRET_ACCESS_KEY;
    program.remove();
  });

  it("gives URNs as Pulumi does", () => {
    assert.deepEqual([...deployment.resources.keys()].sort(), [root, shelf, first, second, hidden, explicit, provided].sort());
  });

  it("records parents, dependencies, protection and components", () => {
    const { parent, dependencies, propertyDependencies, protect, custom } = deployment.resources.get(second)!;
    assert.deepEqual(
      { parent, dependencies, propertyDependencies, protect, custom },
      { parent: shelf, dependencies: [first], propertyDependencies: { of: [first], tags: [first] }, protect: true, custom: true },
    );
    const component = deployment.resources.get(shelf)!;
    assert.deepEqual(
      [component.parent, component.custom, component.id, component.outputs],
      [root, false, undefined, { arn: "arn:shelf-second" }],
    );
    assert.deepEqual([deployment.resources.get(root)!.parent, deployment.resources.get(root)!.protect], [null, false]);
    assert.equal(deployment.resources.get(hidden)!.retainOnDelete, true);
    assert.equal(deployment.resources.get(provided)!.provider, `${explicit}::explicit-id`);
  });

  it("creates with plain inputs and merges the outputs into the state", () => {
    const inputsOf = (urn: string) => provider.created.find((request) => request.urn === urn)!.inputs;
    assert.deepEqual(inputsOf(second), { of: "arn:shelf-first", tags: { list: ["shelf-first-id", "known"] } });
    assert.deepEqual(deployment.resources.get(first)!.state, { size: 3, arn: "arn:shelf-first" });
    assert.deepEqual(inputsOf(provided), { made: shelf });
    const { password, code } = inputsOf(hidden);
    assert.deepEqual(password, { word: "open sesame" });
    const archive = code as { [SIGNATURE]: string; assets: Record<string, { [SIGNATURE]: string; text: string }> };
    assert.equal(archive[SIGNATURE], Kind.archive);
    assert.deepEqual(Object.keys(archive.assets), ["index.js"]);
    assert.equal(archive.assets["index.js"][SIGNATURE], Kind.asset);
    assert.equal(archive.assets["index.js"].text, "exports.a = 1;");
    assert.deepEqual(deployment.resources.get(hidden)!.inputs.password, { [SIGNATURE]: Kind.secret, value: { word: "open sesame" } });
  });

  it("returns the stack's outputs, and shows the program no credentials of the machine", () => {
    assert.deepEqual(deployment.outputs, {
      arn: "arn:shelf-second",
      region: "ap-southeast-1",
      word: { word: "open sesame" },
      secretWord: "hush",
      twice: 42,
      refused: "test:index:refuse: not today",
      before: {},
      id: "hidden-id",
      key: "none",
    });
  });

  it("passes on what the program prints and warns", () => {
    assert.deepEqual(said, ["info printed", "warning careful"]);
  });

  it("creates nothing in a dry run, where only inputs are known", async () => {
    const dry = new TestProvider();
    const { outputs, resources } = await runProgram({
      ...(await readStack(program.programDir, "dev", { overrides: ["plain=yes"] })),
      provider: dry,
      dryRun: true,
      deployed: { arn: "arn:before" },
    });
    assert.deepEqual(dry.created, []);
    const things = dry.checked.filter(({ type }) => type === "test:index:Thing").map(({ inputs }) => inputs);
    assert.ok(things.some((inputs) => "of" in inputs && inputs.of === undefined && Object.keys(inputs.tags as object).length === 0));
    assert.deepEqual([outputs.arn, outputs.id, outputs.region, outputs.twice], [null, null, "ap-southeast-1", 42]);
    assert.deepEqual(outputs.before, { arn: "arn:before" });
    assert.equal(resources.get(second)!.id, undefined);
    assert.equal(resources.size, 7);
  });
});
