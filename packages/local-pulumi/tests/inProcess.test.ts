import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ProgramFailure } from "../src/problems";
import { runInProcess, TestProvider } from "../testing";

class Thing extends pulumi.CustomResource {
  declare arn: pulumi.Output<string>;
  constructor(name: string, args: pulumi.Inputs = {}) {
    super("test:index:Thing", name, { arn: undefined, ...args });
  }
}

function run(program: () => unknown, { stack = "dev", config = {}, dryRun = false, printed = [] as string[] } = {}) {
  const options = { programDir: __dirname, project: "shop", typescript: true, stack, config, dryRun };
  const onLog = (severity: string, message: string) => void (severity !== "debug" && printed.push(`${severity}: ${message}`));
  return runInProcess(program, { ...options, provider: new TestProvider(), onLog });
}

describe("a program in this process", () => {
  const chain = () => {
    const one = new Thing("one");
    return { arn: new Thing("two", { of: one.arn }).arn, stack: pulumi.getStack(), size: new pulumi.Config("shop").get("size") };
  };

  it("creates resources in order, and returns outputs", async () => {
    const { resources, outputs } = await run(chain, { config: { "shop:size": "3" } });
    const two = resources.get("urn:pulumi:dev::shop::test:index:Thing::two");
    assert.deepEqual(two?.inputs, { of: "arn:one" });
    assert.deepEqual(two?.dependencies, ["urn:pulumi:dev::shop::test:index:Thing::one"]);
    assert.deepEqual(outputs, { arn: "arn:two", stack: "dev", size: "3" });
  });

  it("leaves unknown in a dry run what a deployment would tell", async () => {
    const { outputs } = await run(chain, { dryRun: true });
    assert.equal(outputs.arn, null);
  });

  it("may run beside another one", async () => {
    const runs = ["dev", "prod"].map((stack) => run(chain, { stack, config: { "shop:size": stack } }));
    const outputs = (await Promise.all(runs)).map((one) => one.outputs);
    assert.deepEqual(outputs, [
      { arn: "arn:two", stack: "dev", size: "dev" },
      { arn: "arn:two", stack: "prod", size: "prod" },
    ]);
  });

  it("hands on what the program logs", async () => {
    const printed: string[] = [];
    await run(() => pulumi.log.warn("careful"), { printed });
    assert.deepEqual(printed, ["warning: careful"]);
  });

  it("fails with what the program throws", async () => {
    const thrown = new Error("no such shop");
    await assert.rejects(
      run(() => {
        new Thing("one");
        throw thrown;
      }),
      (error) => error === thrown,
    );
  });

  it("fails with the resource that cannot be created, and runs the next program", async () => {
    await assert.rejects(
      run(() => ({ arn: new Thing("two", { of: new Thing("one", { fail: "no room" }).arn }).arn })),
      (error) => error instanceof ProgramFailure && error.message === "urn:pulumi:dev::shop::test:index:Thing::one: no room",
    );
    assert.equal((await run(chain)).outputs.arn, "arn:two");
  });
});
