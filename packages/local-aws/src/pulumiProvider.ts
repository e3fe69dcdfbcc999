import { FunctionError, type Provider } from "@c360/local-pulumi";
import type { ClosedCloud } from "./cloud";
import { type Json, ServiceError } from "./service";

const AWS_PROVIDER = "pulumi:providers:aws";

/** Deploys a Pulumi program to the cloud. An explicit AWS provider must name the cloud's region. */
export function pulumiProvider({ cloud, registry }: Pick<ClosedCloud, "cloud" | "registry">): Provider {
  const checkProvider = (inputs: Json): void => {
    for (const [key, value] of Object.entries(inputs)) {
      if (key !== "region") throw new Error(`${AWS_PROVIDER}: the local cloud does not know the input ${key}`);
      if (value !== undefined && value !== cloud.region)
        throw new Error(`${AWS_PROVIDER}: region must be ${cloud.region}, the stack's, got ${JSON.stringify(value)}`);
    }
  };
  return {
    check: (type, inputs) => (type === AWS_PROVIDER ? checkProvider(inputs) : cloud.check(type, inputs)),
    create: async (type, inputs, urn) => {
      if (type !== AWS_PROVIDER) return cloud.create(type, inputs, urn);
      checkProvider(inputs);
      return { id: urn.slice(urn.lastIndexOf("::") + 2), state: {} };
    },
    invoke: (token, args) => {
      try {
        return registry.invoke(token, args);
      } catch (error) {
        throw error instanceof ServiceError ? new FunctionError(error.message, { cause: error }) : error;
      }
    },
  };
}
