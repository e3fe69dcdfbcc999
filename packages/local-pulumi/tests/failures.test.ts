import * as assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { ProgramFailure, readProblem } from "../src/problems";
import { type RunOptions, runProgram } from "../src/run";
import { readStack } from "../src/stack";
import { PRELUDE, runInProcess, TestProvider, writeProgram } from "../testing";

/** Runs a program in a process of its own. */
async function run(index: string, watch: Pick<RunOptions, "signal" | "onLog"> = {}): Promise<{ created: string[]; failure: Error }> {
  const program = writeProgram(PRELUDE + index);
  const provider = new TestProvider();
  try {
    const failure = await failureOf(runProgram({ ...(await readStack(program.programDir, "dev")), provider, ...watch }));
    return { created: provider.created.map(({ urn }) => urn), failure };
  } finally {
    program.remove();
  }
}

function failureOf(running: Promise<unknown>): Promise<Error> {
  return running.then(
    () => assert.fail("the run must fail"),
    (error: Error) => error,
  );
}

const thing = (name: string): string => `urn:pulumi:dev::shop::test:index:Thing::${name}`;

describe("a program that fails", () => {
  const cases: { title: string; program: string; message: string | RegExp; created?: string[] }[] = [
    {
      title: "because a resource cannot be created, and then nothing that depends on it",
      program: `const one = new Thing("one", { fail: "no room\\nleft" }); new Thing("two", { of: one.arn }); export const arn = one.arn;`,
      message: `${thing("one")}: no room left`,
      created: [thing("one")],
    },
    {
      title: "because it throws an error, without a stack",
      program: `throw new Error("shop:size must be 1 or more, got 0");`,
      message: "shop:size must be 1 or more, got 0",
    },
    {
      title: "because a setting is missing, without the half minute that inspecting the error with colors takes",
      program: `new pulumi.Config("aws").require("profile");`,
      message: /^Missing required configuration variable 'aws:profile' please set a value/,
    },
    {
      title: "because of a syntax error",
      program: `const = 3;`,
      message: /^index\.ts:8: Unexpected token `=`\./,
    },
    {
      title: "because it exits in the middle",
      program: `export const never = new Promise(() => {});`,
      message: /^the program exited before it was complete/,
    },
  ];
  for (const { title, program, message, created = [] } of cases) {
    it(title, async () => {
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
    });
  }

  it("because of a programming error, with the program's line and the stack", async () => {
    const { failure } = await run(`const nothing: any = undefined;\nnothing.name;`);
    assert.ok(failure instanceof ProgramFailure);
    assert.equal(failure.message, "TypeError: Cannot read properties of undefined (reading 'name') (at index.ts:9:9)");
    assert.match(failure.problems[0].stack ?? "", /\n {4}at /);
  });

  it("because it does not catch a function's error", async () => {
    const { failure } = await run(`export const answer = pulumi.runtime.invoke("test:index:refuse", {});`);
    assert.ok(failure instanceof ProgramFailure);
    assert.equal(failure.message, "test:index:refuse: not today");
  });

  it("because it is aborted, which ends it", async () => {
    const interrupted = new AbortController();
    const { failure } = await run(`setInterval(() => {}, 1000); console.log("busy");`, {
      signal: interrupted.signal,
      onLog: (_severity, text) => text === "busy" && interrupted.abort(new Error("interrupted")),
    });
    assert.equal(failure.message, "interrupted");
  });
});

describe("a call that the services refuse", () => {
  const invoke = (token: string, args: object = {}) => ({ answer: pulumi.runtime.invoke(token, args) });
  class Registered extends pulumi.CustomResource {}
  const register = (type: string, name: string) => new Registered(type, name, {});
  const cases: { title: string; program: () => unknown; message: string | RegExp }[] = [
    {
      title: "a resource type that the provider does not know",
      program: () => void register("test:index:Other", "one"),
      message: "urn:pulumi:dev::shop::test:index:Other::one: the type test:index:Other is unknown",
    },
    {
      title: "a function that the provider does not know",
      program: () => invoke("test:index:triple"),
      message: "test:index:triple: the function test:index:triple is unknown",
    },
    {
      title: "the outputs of another stack",
      program: () => invoke("pulumi:pulumi:readStackOutputs", { name: "organization/shop/prod" }),
      message: 'pulumi:pulumi:readStackOutputs: the engine knows only the stack organization/shop/dev, got "organization/shop/prod"',
    },
    {
      title: "two resources with one URN",
      program: () => [register("test:index:Thing", "one"), register("test:index:Thing", "one")].length,
      message: `${thing("one")}: two resources have this URN: names must be unique per type and parent`,
    },
    {
      title: "a stack reference",
      program: () => void new pulumi.StackReference("org/other/dev"),
      message: /^urn:pulumi:dev::shop::pulumi:pulumi:StackReference::org\/other\/dev: a StackReference is not supported/,
    },
  ];
  for (const { title, program, message } of cases) {
    it(title, async () => {
      const options = { programDir: __dirname, project: "shop", stack: "dev", typescript: true, config: {} };
      const failure = await failureOf(runInProcess(program, { ...options, provider: new TestProvider() }));
      assert.ok(failure instanceof ProgramFailure, failure.stack);
      if (typeof message === "string") assert.equal(failure.message, message);
      else assert.match(failure.message, message);
      assert.equal(failure.problems.length, 1);
    });
  }
});

describe("a message of the program runner", () => {
  const header = "Running program '/p' failed with an unhandled exception:\n";

  it("of the compiler keeps its place", () => {
    const logged = `${header}TSError: ⨯ Unable to compile TypeScript:\nindex.ts(8,7): error TS1134: Variable declaration expected.\n`;
    const message = "Unable to compile TypeScript: index.ts(8,7): error TS1134: Variable declaration expected.";
    assert.deepEqual(readProblem(logged, "/p"), { message });
  });
});
