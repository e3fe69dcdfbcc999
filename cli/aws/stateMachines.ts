import { paginateListExecutions, paginateListStateMachines, type SFNClient } from "@aws-sdk/client-sfn";
import { type Owner, physicalName } from "../../components/shared/naming";

/**
 * Finds state machines by name.
 *
 * @returns ARNs, in no particular order
 */
export async function findStateMachines(sfn: SFNClient, names: readonly string[], signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for await (const { stateMachines = [] } of paginateListStateMachines({ client: sfn }, {}, { abortSignal: signal })) {
    for (const { name = "", stateMachineArn = "" } of stateMachines) if (names.includes(name)) found.push(stateMachineArn);
  }
  return found;
}

/** @returns the ARN of an execution that is running; undefined when none is */
async function findRunningExecution(sfn: SFNClient, stateMachineArn: string, signal: AbortSignal): Promise<string | undefined> {
  const running = { stateMachineArn, statusFilter: "RUNNING" } as const;
  for await (const { executions = [] } of paginateListExecutions({ client: sfn }, running, { abortSignal: signal })) {
    if (executions.length > 0) return executions[0].executionArn;
  }
  return undefined;
}

/**
 * Makes sure that no pipeline of some tenants is running: it would change what a command is about to change.
 *
 * @throws Error naming an execution that is running, or that waits
 */
export async function checkIdle(sfn: SFNClient, owners: readonly Owner[], signal: AbortSignal): Promise<void> {
  const names = owners.map((owner) => physicalName("stateMachine", owner, "pipeline"));
  for (const stateMachineArn of await findStateMachines(sfn, names, signal)) {
    const running = await findRunningExecution(sfn, stateMachineArn, signal);
    if (running !== undefined) throw new Error(`the pipeline is running: wait for ${running} or stop it, then try again`);
  }
}
