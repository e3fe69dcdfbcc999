import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as aws from "@pulumi/aws";
import { inlineFunction, type InlineFunctionArgs } from "../../../components/shared/inlineFunction";
import { inlineCode } from "../../../components/shared/lambdaCode";
import { makeHandler } from "../../../functions/forwardEvents/handler";
import { deploy } from "../../support/pulumiMocks";
import { archiveFiles } from "../../support/serialize";

type Factory = aws.lambda.CallbackFactory<never, unknown>;

const factory = () => makeHandler();
const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };

/** Inputs of a function that is made with a role and a log group of its own. */
async function inputsOf(
  make: (given: Pick<InlineFunctionArgs, "role" | "logGroup">) => unknown,
  preview = false,
): Promise<Record<string, unknown>> {
  const program = () => {
    const role = new aws.iam.Role("role", { assumeRolePolicy: "{}" });
    make({ role, logGroup: new aws.cloudwatch.LogGroup("logs", {}) });
  };
  const { get } = await deploy(program, { preview });
  return get("aws:lambda/function:Function", "function").inputs;
}

const SETTINGS = {
  functionName: "n",
  memoryMiB: 128,
  timeoutSeconds: 3,
  reservedConcurrency: 2,
  environment: { A: "b" },
  tags: { c: "d" },
};
const inline = (made: Factory, preview?: boolean) =>
  inputsOf((given) => inlineFunction("function", { ...SETTINGS, ...given, code: inlineCode(made) }, {}), preview);

describe("inlineFunction", () => {
  it("registers what CallbackFunction registers of the factory without packages", async () => {
    const theirs = await inputsOf(({ role, logGroup }) => {
      const args: aws.lambda.CallbackFunctionArgs<never, unknown> = {
        name: "n",
        callbackFactory: factory,
        codePathOptions: { extraExcludePackages: Object.keys(dependencies) },
        role,
        runtime: "nodejs24.x",
        memorySize: 128,
        timeout: 3,
        reservedConcurrentExecutions: 2,
        environment: { variables: { A: "b" } },
        tracingConfig: { mode: "Active" },
        loggingConfig: { logFormat: "JSON", logGroup: logGroup.name },
        tags: { c: "d" },
      };
      return new aws.lambda.CallbackFunction("function", args);
    });
    assert.deepEqual(Object.keys(archiveFiles(theirs.code)), ["__index.js"]);
    assert.deepEqual(await inline(factory), theirs);
  });

  it("makes the same archive every time, in a preview too, without a path of this machine", async () => {
    const { code } = await inline(factory);
    const files = archiveFiles(code);
    assert.deepEqual(Object.keys(files), ["__index.js"]);
    assert.deepEqual((await inline(() => makeHandler())).code, code);
    assert.deepEqual((await inline(factory, true)).code, code);
    assert.ok(!files["__index.js"].includes(process.cwd()));
    assert.ok(!files["__index.js"].includes("@pulumi"));
  });

  it("serializes a factory once, and each factory as itself", async () => {
    const captured = { text: "first" };
    const made = () => () => Promise.resolve(captured.text);
    const first = (await inline(made)).code;
    captured.text = "second";
    assert.deepEqual((await inline(made)).code, first);
    assert.notDeepEqual((await inline(() => () => Promise.resolve(captured.text))).code, first);
  });
});
