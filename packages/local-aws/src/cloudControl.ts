import type { Cloud, Json, Service, ServiceFactory } from "./service";

const TYPE = "aws:cloudcontrol/resource:Resource";

interface ResourceInputs {
  typeName?: string;
  /** JSON text. */
  desiredState?: string;
  region?: string;
}

/** Cloud Control: hands a resource on to the service that has its type, and answers with its read model. */
export const cloudControl: ServiceFactory = (cloud: Cloud): Service => {
  const check = (inputs: Json): void => {
    const { typeName, desiredState, region } = inputs as ResourceInputs;
    if (region !== undefined && region !== cloud.region) throw new Error(`${TYPE}: region must be ${cloud.region}, got ${region}`);
    if (typeName !== undefined) cloud.check(typeName, desiredState === undefined ? {} : parseState(typeName, desiredState));
  };
  return {
    signingName: "cloudcontrolapi",
    protocol: "json",
    operations: {},
    resources: {
      [TYPE]: {
        inputs: ["typeName", "desiredState", "roleArn", "schema", "typeVersionId", "region"],
        check,
        create: async (inputs, urn) => {
          const { typeName, desiredState } = inputs as ResourceInputs;
          if (typeName === undefined) throw new Error(`${TYPE}: typeName must be given`);
          if (desiredState === undefined) throw new Error(`${TYPE}: desiredState must be given for ${typeName}`);
          const desired = parseState(typeName, desiredState);
          const { id, state } = await cloud.create(typeName, desired, urn);
          return { id, state: { properties: JSON.stringify({ ...desired, ...state }) } };
        },
      },
    },
  };
};

function parseState(typeName: string, desiredState: string): Json {
  let state: unknown;
  try {
    state = JSON.parse(desiredState);
  } catch {
    throw new Error(`${typeName}: desiredState must be JSON`);
  }
  if (typeof state !== "object" || state === null || Array.isArray(state))
    throw new Error(`${typeName}: desiredState must be a JSON object`);
  return state as Json;
}
