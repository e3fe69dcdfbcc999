import type { Readable } from "node:stream";
import { ServiceError, type Cloud, type Json, type Operation, type Service, type ServiceFactory } from "../service";
import { DeployedFunction } from "./function";
import { FUNCTION_INPUTS, functionSettings } from "./functionSettings";
import { mappingResource, type Mapping } from "./mapping";
import { Sandbox } from "./sandbox";

/** How the local Lambda behaves. */
export interface LambdaOptions {
  /**
   * Real milliseconds from one read of a shard to the next: a shard allows five a second, which all its consumers share.
   *
   * @default 500
   */
  pollMs?: number;
}

/** Lambda: functions as processes of their own with nothing but their role's credentials, and event source mappings of streams. */
export function makeLambda({ pollMs = 500 }: LambdaOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const sandbox = new Sandbox();
    const functions = new Map<string, DeployedFunction>();
    const find = (nameOrArn: string): DeployedFunction => {
      const name = nameOrArn.replace(/^.*:?function:/, "");
      const found = functions.get(name);
      if (!found) throw new ServiceError("ResourceNotFoundException", `Function not found: ${nameOrArn}`, 404);
      return found;
    };
    const workers: Mapping[] = [];

    const createFunction = async (inputs: Json, urn: string): Promise<{ id: string; state: Json }> => {
      const settings = functionSettings(inputs, urn);
      const { name } = settings;
      if (functions.has(name)) throw new ServiceError("ResourceConflictException", `Function already exist: ${name}`, 409);
      const deployed = new DeployedFunction(cloud, sandbox, settings, await sandbox.add(inputs.code));
      functions.set(name, deployed);
      const { arn } = deployed;
      const invokeArn = `arn:aws:apigateway:${cloud.region}:lambda:path/2015-03-31/functions/${arn}/invocations`;
      const lastModified = new Date(cloud.clock.now()).toISOString();
      return {
        id: name,
        state: { name, arn, invokeArn, lastModified, version: "$LATEST", qualifiedArn: `${arn}:$LATEST`, tagsAll: inputs.tags ?? {} },
      };
    };

    return {
      signingName: "lambda",
      protocol: "restJson",
      resources: {
        "aws:lambda/function:Function": {
          inputs: FUNCTION_INPUTS.names,
          check: (inputs) => FUNCTION_INPUTS.check(inputs),
          create: createFunction,
        },
        "aws:lambda/eventSourceMapping:EventSourceMapping": mappingResource(cloud, workers, find, pollMs),
      },
      operations: {
        "POST /2015-03-31/functions/{FunctionName}/invocations": invokeOperation(find),
      },
      workers,
      close: async () => {
        await Promise.all([...functions.values()].map((deployed) => deployed.close()));
        await sandbox.remove();
      },
    };
  };
}

/** Synchronous invocation; `find` takes a name, ARN or partial ARN. */
function invokeOperation(find: (nameOrArn: string) => DeployedFunction): Operation {
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
