import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "../src/service";
import { eventually } from "../testing/eventually";
import { BUCKET, GROUP, LambdaBench, LOG } from "./support/lambda";

describe("the local Lambda", () => {
  let bench: LambdaBench;
  beforeEach(async () => {
    bench = await LambdaBench.open();
    await bench.surroundings();
    await bench.role([LOG]);
  });
  afterEach(() => bench.close());

  const failure = async (): Promise<{ errorType: string; errorMessage: string }> => {
    const { status, functionError, payload } = await bench.invoke({});
    assert.deepEqual([status, functionError], [200, "Unhandled"]);
    return payload as { errorType: string; errorMessage: string };
  };

  it("gives a function its own environment and nothing of the parent's", async () => {
    process.env.PARENT_SECRET = "of the parent";
    const resolve = "const has = (name) => { try { require(name); return true; } catch (error) { return error.code; } };";
    await bench.deploy(
      `${resolve} exports.handler = async () => ({ env: process.env, cwd: process.cwd(), send: typeof process.send,
      found: ["@aws-sdk/client-s3", "@smithy/types", "zod", "@pulumi/pulumi", "mocha"].map(has) });`,
      { environment: { variables: { STAGE: "dev" } } },
    );
    const { payload } = await bench.invoke({}).finally(() => delete process.env.PARENT_SECRET);
    const { env, cwd, send, found } = payload as { env: Record<string, string>; cwd: string; send: string; found: unknown[] };
    assert.deepEqual(found, [true, true, "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]);
    assert.deepEqual(
      Object.keys(env).sort(),
      `AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME
      AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_FORMAT AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_LEVEL
      AWS_LAMBDA_LOG_STREAM_NAME AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_TASK_ROOT LANG NODE_PATH PATH STAGE TZ _HANDLER`.split(
        /\s+/,
      ),
    );
    assert.deepEqual(
      [env.STAGE, env.AWS_REGION, env.AWS_ENDPOINT_URL, env.TZ],
      ["dev", "ap-southeast-1", bench.running.cloud.endpoint, ":UTC"],
    );
    assert.deepEqual([cwd, send, cwd.startsWith(process.cwd())], [env.LAMBDA_TASK_ROOT, "undefined", false]);
    assert.notEqual(env.AWS_ACCESS_KEY_ID, bench.running.owner.credentials.accessKeyId);
  });

  it("lets the SDK do what the role may, and no more", async () => {
    await bench.allow("objects", [{ Effect: "Allow", Action: "s3:PutObject", Resource: `arn:aws:s3:::${BUCKET}/mine/*` }]);
    await bench.deploy(
      `
      const { S3Client, PutObjectCommand } = require("@aws-sdk/client-s3");
      exports.handler = async ({ Key }) => {
        try { await new S3Client({}).send(new PutObjectCommand({ Bucket: "${BUCKET}", Key, Body: "x" })); return "written"; }
        catch (error) { return error.name; }
      };`,
      { timeout: 20 },
    );
    assert.equal((await bench.invoke({ Key: "mine/1" })).payload, "written");
    assert.equal((await bench.invoke({ Key: "other/1" })).payload, "AccessDenied");
  });

  it("hands over event and context", async () => {
    await bench.deploy(
      `exports.handler = async (event, { awsRequestId, getRemainingTimeInMillis, ...context }) =>
      ({ event, context, id: awsRequestId, left: getRemainingTimeInMillis() });`,
      { timeout: 7, memorySize: 192 },
    );
    const { payload } = await bench.invoke([1, { FunctionName: "other" }]);
    const { event, context, id, left } = payload as { event: unknown; context: Json; id: string; left: number };
    assert.deepEqual(event, [1, { FunctionName: "other" }]);
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.ok(left > 5000 && left <= 7000, `${left} ms`);
    const { logStreamName, ...rest } = context;
    assert.match(String(logStreamName), /^\d{4}\/\d\d\/\d\d\/shop\[\$LATEST\][0-9a-f]{32}$/);
    assert.deepEqual(rest, {
      callbackWaitsForEmptyEventLoop: true,
      functionName: "shop",
      functionVersion: "$LATEST",
      invokedFunctionArn: "arn:aws:lambda:ap-southeast-1:123456789012:function:shop",
      logGroupName: GROUP,
      memoryLimitInMB: "192",
    });
  });

  it("kills a function at its timeout and gives the next invocation a new process", async () => {
    await bench.deploy(
      `let calls = 0; exports.handler = async ({ hang }) => { calls += 1; if (hang) for (;;); return [process.pid, calls]; };`,
      { timeout: 1 },
    );
    const [pid, calls] = (await bench.invoke({})).payload as number[];
    assert.deepEqual((await bench.invoke({})).payload, [pid, calls + 1]);
    const { functionError, payload } = await bench.invoke({ hang: true });
    assert.equal(functionError, "Unhandled");
    assert.match(
      (payload as { errorMessage: string }).errorMessage,
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/,
    );
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    const [next, again] = (await bench.invoke({})).payload as number[];
    assert.deepEqual([next === pid, again], [false, 1]);
    await eventually(async () => assert.ok((await bench.lines()).some((line) => line.endsWith("Task timed out after 1.00 seconds"))));
  });

  it("fails only the invocation in which the process ends or runs out of memory", async () => {
    await bench.deploy(
      `exports.handler = async ({ what }) => {
      if (what === "exit") process.exit(3);
      if (what === "memory") for (const kept = []; ; ) kept.push(new Array(1e5).fill(Math.random()));
      if (what === "late") await new Promise(() => setImmediate(() => { throw new TypeError("late"); }));
      return "fine"; };`,
      { timeout: 30 },
    );
    const message = async (what: string): Promise<string> =>
      ((await bench.invoke({ what })).payload as { errorMessage: string }).errorMessage;
    assert.match(await message("exit"), /Runtime exited with error: exit status 3$/);
    assert.equal((await bench.invoke({})).payload, "fine");
    assert.match(await message("memory"), /Runtime exited with error: signal: SIG(ABRT|TRAP)$/);
    assert.equal(await message("late"), "late");
    assert.equal((await bench.invoke({})).payload, "fine");
  });

  it("answers a thrown error with its type, message and trace", async () => {
    await bench.deploy(`class Odd extends Error { name = "Odd"; } exports.handler = async () => { throw new Odd("no luck"); };`);
    const { trace, ...error } = (await failure()) as { trace?: string[]; errorType: string; errorMessage: string };
    assert.deepEqual(error, { errorType: "Odd", errorMessage: "no luck" });
    assert.equal(trace?.[0], "Odd: no luck");
    await eventually(async () => assert.match((await bench.lines()).join(), /"errorType":"Odd","errorMessage":"no luck"/));
  });

  for (const [source, errorType] of [
    ["exports.other = 1;", "Runtime.HandlerNotFound"],
    ["require('zod');", "Runtime.ImportModuleError"],
    ["exports.handler = async (", "Runtime.UserCodeSyntaxError"],
    ["exports.handler = (event, context, callback) => callback(null, 1);", "Runtime.CallbackHandlerDeprecated"],
  ]) {
    it(`fails with ${errorType} for ${source}`, async () => {
      await bench.deploy(source);
      assert.equal((await failure()).errorType, errorType);
    });
  }

  it("still takes callbacks where the runtime does", async () => {
    await bench.deploy("exports.handler = (event, context, callback) => callback(null, event.a + 1);", { runtime: "nodejs22.x" });
    assert.equal((await bench.invoke({ a: 1 })).payload, 2);
  });

  it("refuses more executions at a time than are reserved", async () => {
    await bench.deploy("exports.handler = () => new Promise((resolve) => setTimeout(resolve, 300));", { reservedConcurrentExecutions: 1 });
    const answers = await Promise.all([bench.invoke({}), bench.invoke({})]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 429]);
  });

  it("runs without permission to log, and the denial is written down", async () => {
    const quiet = await LambdaBench.open();
    try {
      await quiet.surroundings();
      await quiet.role([]);
      await quiet.deploy(`exports.handler = async () => { console.log("lost"); return "fine"; };`);
      assert.equal((await quiet.invoke({})).payload, "fine");
      await eventually(async () => {
        const decisions = await readFile(join(quiet.running.stateDir, "decisions.ndjson"), "utf8");
        assert.match(decisions, /"action":"logs:CreateLogStream".*"decision":"deny"/);
      });
      assert.deepEqual(await quiet.lines(), []);
    } finally {
      await quiet.close();
    }
  });

  it("refuses another kind of invocation by name", async () => {
    await bench.deploy("exports.handler = async () => 1;");
    const { status, payload } = await bench.invoke({}, { "x-amz-invocation-type": "Event" });
    assert.deepEqual([status, (payload as { message: string }).message], [501, "the local lambda does not know the invocation type Event"]);
  });
});
