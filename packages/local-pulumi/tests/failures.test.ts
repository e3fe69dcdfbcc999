import * as assert from "node:assert/strict";
import { ProgramFailure } from "../src/problems";
import type { RunOptions } from "../src/run";
import { runProgram } from "../src/run";
import { readStack } from "../src/stack";
import { PRELUDE, TestProvider, writeProgram } from "../testing/program";

async function run(index: string, watch: Pick<RunOptions, "signal" | "onLog"> = {}): Promise<{ created: string[]; failure: Error }> {
  const program = writeProgram(PRELUDE + index);
  const provider = new TestProvider();
  try {
    const stack = await readStack(program.programDir, "dev");
    const failure = await runProgram({ ...stack, provider, ...watch }).then(
      () => assert.fail("the run must fail"),
      (error: Error) => error,
    );
    return { created: provider.created.map(({ urn }) => urn), failure };
  } finally {
    program.remove();
  }
}

const thing = (name: string): string => `urn:pulumi:dev::shop::test:index:Thing::${name}`;

describe("engine: a program that fails", () => {
  const cases: { title: string; program: string; message: string | RegExp; created?: string[] }[] = [
    {
      title: "a resource type that the provider does not know",
      program: `new pulumi.CustomResource("test:index:Other", "one", {});`,
      message: "urn:pulumi:dev::shop::test:index:Other::one: the type test:index:Other is unknown",
    },
    {
      title: "a function that the provider does not know",
      program: `export const answer = pulumi.runtime.invoke("test:index:triple", {});`,
      message: "test:index:triple: the function test:index:triple is unknown",
    },
    {
      title: "the outputs of another stack",
      program: `export const answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: "organization/shop/prod" });`,
      message: 'pulumi:pulumi:readStackOutputs: the engine knows the stack organization/shop/dev alone, got "organization/shop/prod"',
    },
    {
      title: "two resources with one URN",
      program: `new Thing("one"); new Thing("one");`,
      message: `${thing("one")}: two resources have this URN; names must be unique for a type and parent`,
      created: [thing("one")],
    },
    {
      title: "a resource that cannot be created, and then nothing that depends on it",
      program: `const one = new Thing("one", { fail: "no room\\nleft" }); new Thing("two", { of: one.arn }); export const arn = one.arn;`,
      message: `${thing("one")}: no room left`,
      created: [thing("one")],
    },
    {
      title: "an error that the program throws, without a stack",
      program: `throw new Error("shop:size must be 1 or more, got 0");`,
      message: "shop:size must be 1 or more, got 0",
    },
    {
      title: "a missing setting, without the half minute that inspecting it with colours takes",
      program: `new pulumi.Config("aws").require("profile");`,
      message: /^Missing required configuration variable 'aws:profile' please set a value/,
    },
    {
      title: "a syntax error",
      program: `const = 3;`,
      message: /^Unable to compile TypeScript: index\.ts\(8,7\): error TS1134: Variable declaration expected\./,
    },
    {
      title: "a stack reference",
      program: `new pulumi.StackReference("org/other/dev");`,
      message: /^urn:pulumi:dev::shop::pulumi:pulumi:StackReference::org\/other\/dev: a StackReference cannot be read here/,
    },
    {
      title: "a program that ends in the middle",
      program: `export const never = new Promise(() => {});`,
      message: /^the program ended before it was complete/,
    },
  ];

  for (const { title, program, message, created = [] } of cases) {
    it(title, async () => {
      const started = Date.now();
      const { failure, ...done } = await run(program);
      assert.ok(failure instanceof ProgramFailure, failure.stack);
      assert.deepEqual(
        failure.problems.map(({ stack }) => stack),
        [undefined],
      );
      if (typeof message === "string") assert.equal(failure.message, message);
      else assert.match(failure.message, message);
      assert.doesNotMatch(failure.message, /\n/);
      assert.deepEqual(done.created, created);
      assert.ok(Date.now() - started < 15_000, "a failure must arrive at once");
    });
  }

  it("a programming error, with the program's line and the stack", async () => {
    const { failure } = await run(`const nothing: any = undefined;\nnothing.name;`);
    assert.ok(failure instanceof ProgramFailure);
    assert.equal(failure.message, "TypeError: Cannot read properties of undefined (reading 'name') (at index.ts:9:9)");
    assert.match(failure.problems[0].stack ?? "", /\n {4}at /);
  });

  it("a function's own error that the program does not catch", async () => {
    const { failure } = await run(`export const answer = pulumi.runtime.invoke("test:index:refuse", {});`);
    assert.ok(failure instanceof ProgramFailure);
    assert.equal(failure.message, "test:index:refuse: not today");
  });

  it("ends the program when it is aborted", async () => {
    const interrupted = new AbortController();
    const { failure } = await run(`setInterval(() => {}, 1000); console.log("busy");`, {
      signal: interrupted.signal,
      onLog: (_severity, text) => text === "busy" && interrupted.abort(new Error("interrupted")),
    });
    assert.equal(failure.message, "interrupted");
  });
});
