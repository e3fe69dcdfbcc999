import * as assert from "node:assert/strict";
import { makeLambda } from "../src/lambda";
import { logs } from "../src/logs";
import { ServiceError, type Json, type Statement } from "../src/service";
import { archive, text } from "./support/lambda";
import { may, StepFunctionsBench, taskOf } from "../testing/stepFunctions";

const FUNCTION = "arn:aws:lambda:ap-southeast-1:123456789012:function:shop";
const HANDLER = `
  exports.handler = async (event) => {
    if (event.fail) throw Object.assign(new Error("no header in " + event.fail), { name: "HistoryHeader" });
    return { twice: event.n * 2, event };
  };`;

const invoke = (Payload: Json, more: Json = {}): Json => taskOf("lambda:invoke", { FunctionName: FUNCTION, Payload }, more);

/** A cloud with a function; the machines' role may do `statements`. */
async function openLambda(...statements: Statement[]): Promise<StepFunctionsBench> {
  const bench = await StepFunctionsBench.open({ services: [logs, makeLambda()] });
  await bench.allow(...statements);
  const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };
  await bench.create("aws:iam/role:Role", { name: "shop", assumeRolePolicy: { Version: "2012-10-17", Statement: trust } });
  await bench.create("aws:lambda/function:Function", {
    name: "shop",
    role: "arn:aws:iam::123456789012:role/shop",
    handler: "__index.handler",
    runtime: "nodejs24.x",
    code: archive({ "__index.js": text(HANDLER) }),
  });
  return bench;
}

describe("local Step Functions: lambda:invoke", () => {
  let bench: StepFunctionsBench;
  before(async () => {
    bench = await openLambda(may(["lambda:InvokeFunction"], FUNCTION));
  });
  after(() => bench.close());
  afterEach(() => bench.running.faults.clear());

  it("returns the function's response, and records each step", async () => {
    const result = { ExecutedVersion: "$LATEST", Payload: { twice: 42, event: { n: 21 } }, StatusCode: 200 };
    assert.deepEqual(await bench.run(invoke({ n: "{% 20 + 1 %}" })), { status: "SUCCEEDED", output: result });
    const [scheduled, started, succeeded] = (await bench.history()).slice(2, 5);
    const resource = { resourceType: "lambda", resource: "invoke" };
    const parameters = JSON.stringify({ FunctionName: FUNCTION, Payload: { n: 21 } });
    assert.deepEqual(scheduled.taskScheduledEventDetails, { ...resource, region: "ap-southeast-1", parameters });
    assert.deepEqual(started.taskStartedEventDetails, resource);
    const output = { output: JSON.stringify(result), outputDetails: { truncated: false } };
    assert.deepEqual(succeeded.taskSucceededEventDetails, { ...resource, ...output });
  });

  it("fails with the function's error as name and the whole of it as cause", async () => {
    const cause = /^\{"errorType":"HistoryHeader","errorMessage":"no header in x\.csv","trace":\[/;
    await bench.fails(invoke({ fail: "x.csv" }), "HistoryHeader", cause);
  });

  it("names errors of the service", async () => {
    const operation = "POST /2015-03-31/functions/{FunctionName}/invocations";
    const busy = new ServiceError("TooManyRequestsException", "busy", 429);
    bench.running.faults.inject({ service: "lambda", operation, kind: busy, to: 1 });
    const Retry = [{ ErrorEquals: ["Lambda.TooManyRequestsException"] }];
    assert.equal((await bench.run(invoke({ n: 1 }, { Retry, Output: "{% $states.result.Payload.twice %}" }))).output, 2);
    const unknown = taskOf("lambda:invoke", { FunctionName: "nobody" });
    await bench.fails(unknown, "Lambda.ResourceNotFoundException", /Service: AWSLambda, Status Code: 404/);
    const event = taskOf("lambda:invoke", { FunctionName: FUNCTION, InvocationType: "Event" });
    await bench.fails(event, "States.Runtime", /InvocationType/);
  });

  it("needs the role's permission", async () => {
    const other = await openLambda(may(["lambda:InvokeFunction"], `${FUNCTION}-other`));
    const cause = /not authorized to perform lambda:InvokeFunction .*Error Code: AccessDeniedException/;
    await other.fails(invoke({ n: 1 }), "Lambda.AWSLambdaException", cause);
    await other.close();
  });
});
