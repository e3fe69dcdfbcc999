import type { Readable } from "node:stream";
import { ServiceError, type Json, type Operation } from "../service";
import type { DeployedFunction } from "./function";

/** Synchronous invocation; `find` takes a name, ARN or partial ARN. */
export function invokeOperation(find: (nameOrArn: string) => DeployedFunction): Operation {
  return {
    raw: true,
    query: ["Qualifier"],
    permissions: (input) => [{ action: "lambda:InvokeFunction", resource: find(String(input.FunctionName)).arn }],
    run: async (input, { body, requestId, signal }) => {
      const { FunctionName, Qualifier = "$LATEST", headers = {} } = input as { FunctionName: string; Qualifier?: string; headers?: Json };
      const type = headers["x-amz-invocation-type"] ?? "RequestResponse";
      if (type !== "RequestResponse") throw unknown("invocation type", type);
      if (Qualifier !== "$LATEST") throw unknown("qualifier", Qualifier);
      const event = await readEvent(body);
      const outcome = await find(FunctionName).invoke(event, signal, requestId);
      const executed = { "content-type": "application/json", "x-amz-executed-version": "$LATEST" };
      if (outcome.ok) return { headers: executed, body: Buffer.from(outcome.payload) };
      return { headers: { ...executed, "x-amz-function-error": "Unhandled" }, body: Buffer.from(JSON.stringify(outcome.error)) };
    },
  };
}

async function readEvent(body: Readable | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (body ?? []) as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk));
  const event = Buffer.concat(chunks).toString("utf8") || "{}";
  try {
    JSON.parse(event);
  } catch (error) {
    throw new ServiceError("InvalidRequestContentException", `Could not parse request body into json: ${(error as Error).message}`);
  }
  return event;
}

const unknown = (what: string, value: unknown): ServiceError =>
  new ServiceError("NotImplemented", `the local lambda does not know the ${what} ${String(value)}`, 501);
