import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { inlineCode } from "../../../components/shared/lambdaCode";
import { LambdaFunction, type LambdaFunctionArgs } from "../../../components/shared/lambdaFunction";
import { makeHandler } from "../../../functions/forwardEvents/handler";
import { CONTEXT, deploy } from "../../support/pulumiMocks";
import { archiveFiles } from "../../support/serialize";

type Factory = aws.lambda.CallbackFactory<never, unknown>;

const FUNCTION = "aws:lambda/function:Function";
const NAME = "acme-c360-recommender-test-dev";
const factory = () => makeHandler();
const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };
const ARGS: Omit<LambdaFunctionArgs, "code"> = {
  context: CONTEXT,
  purpose: "test",
  statements: [{ Sid: "Own", Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" }],
  memoryMiB: 128,
  timeoutSeconds: 3,
  reservedConcurrency: 2,
  environment: { A: "b" },
};

/** Deploys a function as a child of the component "user". */
const create = (made: Factory = factory, preview = false) =>
  deploy(
    () => {
      const parent = new pulumi.ComponentResource("c360:test:User", "user");
      new LambdaFunction("f", { ...ARGS, code: inlineCode(made) }, { parent });
    },
    { preview },
  );
const codeOf = async (made?: Factory, preview?: boolean) => (await create(made, preview)).get(FUNCTION, "f-function").inputs.code;

describe("LambdaFunction", () => {
  it("creates log group, role, policy and function, which waits for the others", async () => {
    const { get, resources } = await create();
    const children = resources.filter(({ parent }) => parent === "c360:shared:LambdaFunction f");
    assert.deepEqual(children.map(({ name }) => name).sort(), ["f-function", "f-logs", "f-role", "f-role-policy"]);
    assert.deepEqual(get("aws:cloudwatch/logGroup:LogGroup", "f-logs").inputs, {
      name: `/aws/lambda/${NAME}`,
      retentionInDays: CONTEXT.logRetentionDays,
      tags: CONTEXT.tags,
    });
    assert.deepEqual(get("aws:iam/role:Role", "f-role").inputs, {
      name: NAME,
      forceDetachPolicies: true,
      assumeRolePolicy: {
        Version: "2012-10-17",
        Statement: [{ Sid: "Assume", Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
      },
      tags: CONTEXT.tags,
    });
    assert.deepEqual(get("aws:iam/rolePolicy:RolePolicy", "f-role-policy").inputs, {
      role: NAME,
      policy: {
        Version: "2012-10-17",
        Statement: [
          ...ARGS.statements,
          {
            Sid: "Log",
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: `arn:aws:logs:ap-southeast-1:123456789012:log-group:/aws/lambda/${NAME}:*`,
          },
          { Sid: "Trace", Effect: "Allow", Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource: "*" },
        ],
      },
    });
    assert.deepEqual(get(FUNCTION, "f-function").dependencies, ["f-logs", "f-role", "f-role-policy"]);
  });

  it("keeps the resources of stacks in which they were children of the component that uses the function", async () => {
    const { resources } = await create();
    const custom = resources.filter((resource) => resource.custom);
    assert.equal(custom.length, 4);
    for (const { name, formerParents } of custom) assert.deepEqual(formerParents, ["c360:test:User user"], name);
  });

  it("shows its arguments in the state, but for the code", async () => {
    const { inputs } = (await create()).get("c360:shared:LambdaFunction", "f");
    assert.deepEqual(inputs, ARGS);
  });

  it("registers the same function as CallbackFunction without packages", async () => {
    const { get } = await deploy(() => {
      const role = new aws.iam.Role("role", { name: NAME, assumeRolePolicy: "{}" });
      const logGroup = new aws.cloudwatch.LogGroup("logs", { name: `/aws/lambda/${NAME}` });
      new aws.lambda.CallbackFunction("theirs", {
        name: NAME,
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
        tags: CONTEXT.tags,
      });
    });
    const theirs = get(FUNCTION, "theirs").inputs;
    assert.deepEqual(Object.keys(archiveFiles(theirs.code)), ["__index.js"]);
    assert.deepEqual((await create()).get(FUNCTION, "f-function").inputs, theirs);
  });
});

describe("inlineCode", () => {
  it("gives the same archive every time, in a preview too, without a path of this machine", async () => {
    const code = await codeOf();
    const files = archiveFiles(code);
    assert.deepEqual(Object.keys(files), ["__index.js"]);
    assert.deepEqual(await codeOf(() => makeHandler()), code);
    assert.deepEqual(await codeOf(factory, true), code);
    assert.ok(!files["__index.js"].includes(process.cwd()));
    assert.ok(!files["__index.js"].includes("@pulumi"));
  });

  it("serializes a factory once, and each factory as itself", async () => {
    const captured = { text: "first" };
    const made = () => () => Promise.resolve(captured.text);
    const first = await codeOf(made);
    captured.text = "second";
    assert.deepEqual(await codeOf(made), first);
    assert.notDeepEqual(await codeOf(() => () => Promise.resolve(captured.text)), first);
  });
});
