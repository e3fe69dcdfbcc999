import { ServiceError, type Cloud, type Json, type Service, type ServiceFactory } from "../service";
import { DeployedFunction } from "./function";
import { invokeOperation } from "./invoke";
import { Mappings } from "./mappings";
import { Sandbox } from "./sandbox";
import { checkFunction, FUNCTION_INPUTS, functionSettings } from "./settings";

/** Settings of the stand-in. */
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
    const mappings = new Mappings(cloud, find, pollMs);

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
        "aws:lambda/function:Function": { inputs: FUNCTION_INPUTS, check: checkFunction, create: createFunction },
        "aws:lambda/eventSourceMapping:EventSourceMapping": mappings.resource(),
      },
      operations: {
        "POST /2015-03-31/functions/{FunctionName}/invocations": invokeOperation(find),
        "GET /2015-03-31/event-source-mappings/{UUID}": mappings.operation(),
      },
      workers: mappings.workers,
      restore: () => mappings.restore(),
      close: async () => {
        await Promise.all([...functions.values()].map((deployed) => deployed.close()));
        await sandbox.remove();
      },
    };
  };
}

/** Lambda at the pace of AWS. */
export const lambda: ServiceFactory = makeLambda();
