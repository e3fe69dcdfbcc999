import type { Cloud, Service, ServiceFactory } from "../service";
import { Executions } from "./executions";
import { checkMachine, INPUTS } from "./machine";
import { stepFunctionsOperations } from "./operations";

/** How the local Step Functions behaves. */
export interface StepFunctionsOptions {
  /**
   * Events after which an execution fails.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
   * @default 25000
   */
  maxEvents?: number;
}

/**
 * Step Functions: standard workflows in JSONata. Waits and retries are on the cloud's clock, TimeoutSeconds in real time.
 */
export function makeStepFunctions({ maxEvents = 25_000 }: StepFunctionsOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const executions = new Executions(cloud, maxEvents);
    return {
      signingName: "states",
      protocol: "json",
      resources: {
        "aws:sfn/stateMachine:StateMachine": {
          inputs: INPUTS,
          check: checkMachine,
          create: async (inputs, urn) => {
            const { arn, name, createdAt } = executions.create(inputs, urn);
            const creationDate = new Date(createdAt).toISOString();
            return { id: arn, state: { arn, name, creationDate, status: "ACTIVE", type: "STANDARD", tagsAll: inputs.tags ?? {} } };
          },
        },
      },
      operations: stepFunctionsOperations(executions),
      close: () => executions.close(),
    };
  };
}
