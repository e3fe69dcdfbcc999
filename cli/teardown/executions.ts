import { paginateListExecutions, paginateListStateMachines } from "@aws-sdk/client-sfn";
import { physicalName } from "../../components/shared/naming";
import type { Target } from "./target";

/**
 * Demands that no pipeline is at work, because it would make again what is deleted, or fail half way.
 *
 * @throws Error naming an execution that runs
 */
export async function checkIdle({ sfn, owners }: Pick<Target, "sfn" | "owners">, signal: AbortSignal): Promise<void> {
  const machines = owners.map((owner) => physicalName("stateMachine", owner, "pipeline"));
  for await (const { stateMachines = [] } of paginateListStateMachines({ client: sfn }, {}, { abortSignal: signal })) {
    for (const { stateMachineArn } of stateMachines.filter(({ name = "" }) => machines.includes(name))) {
      const running = { stateMachineArn, statusFilter: "RUNNING" } as const;
      for await (const { executions = [] } of paginateListExecutions({ client: sfn }, running, { abortSignal: signal })) {
        if (executions.length > 0) {
          throw new Error(`the pipeline is at work: wait for the execution ${executions[0].executionArn}, or stop it, then call again`);
        }
      }
    }
  }
}
