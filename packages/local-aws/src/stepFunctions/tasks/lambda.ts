import { Readable } from "node:stream";
import type { Json, Reply } from "../../service";
import { StateFailure, unlessAborted } from "../failure";
import { failureOf, LAMBDA } from "./errors";
import type { Integration, TaskCall } from "./task";

const ROUTE = "POST /2015-03-31/functions/{FunctionName}/invocations";
const KNOWN = ["FunctionName", "Payload", "Qualifier"];

/** `lambda:invoke`: https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html */
export const lambdaInvoke: Integration = {
  resourceType: "lambda",
  resource: "invoke",
  run: async (input, call) => {
    const unknown = Object.keys(input).find((name) => !KNOWN.includes(name));
    if (unknown !== undefined) throw new StateFailure("States.Runtime", `the local lambda:invoke does not know the argument ${unknown}`);
    const { headers = {}, body } = await invoke(input, call);
    const text = await textOf(body);
    if ("x-amz-function-error" in headers) throw functionFailure(text);
    return { ExecutedVersion: headers["x-amz-executed-version"], Payload: parsed(text), StatusCode: 200 };
  },
};

async function invoke({ FunctionName, Payload = {}, Qualifier }: Json, { cloud, principal, signal }: TaskCall): Promise<Reply> {
  const body = Readable.from([Buffer.from(JSON.stringify(Payload))]);
  const qualifier = Qualifier === undefined ? {} : { Qualifier };
  try {
    const work = cloud.call(principal, "lambda", ROUTE, { FunctionName, ...qualifier, headers: {} }, body);
    return await unlessAborted(work, signal);
  } catch (error) {
    throw failureOf(error, LAMBDA);
  }
}

/** The function's own error: its type is the name, all of it is the cause. */
function functionFailure(text: string): StateFailure {
  const { errorType } = parsed(text) as { errorType?: string };
  return new StateFailure(errorType === undefined || errorType === "" ? "Lambda.Unknown" : errorType, text);
}

function parsed(text: string): unknown {
  return text === "" ? null : (JSON.parse(text) as unknown);
}

async function textOf(body: Reply["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  if (Buffer.isBuffer(body)) chunks.push(body);
  else for await (const chunk of (body ?? []) as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}
