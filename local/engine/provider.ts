import type { Registry } from "../cloud/registry";
import type { Cloud, Json } from "../cloud/service";

/** What the engine deploys to. Values are plain: no secrets' wrappers, no unknowns; assets and archives in wire form. */
export interface Provider {
  /**
   * Refuses unknown types and inputs, and invalid values, before anything is created.
   *
   * @param inputs those that are not known yet are `undefined`
   * @throws Error naming the type or the input
   */
  check(type: string, inputs: Json): void;
  /** @returns the id, and the outputs beside the inputs */
  create(type: string, inputs: Json, urn: string): Promise<{ id: string; state: Json }>;
  /**
   * Answers a function call.
   *
   * @param token for example `aws:index/getRegion:getRegion`
   * @throws ServiceError as the function's answer, which the program may catch; any other Error ends the run
   */
  invoke(token: string, args: Json): Json | Promise<Json>;
}

const AWS_PROVIDER = "pulumi:providers:aws";

/** Deploys to the local cloud; explicit AWS providers are taken when they are for the cloud's region. */
export function cloudProvider({ cloud, registry }: { cloud: Cloud; registry: Registry }): Provider {
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
    invoke: (token, args) => registry.invoke(token, args),
  };
}
