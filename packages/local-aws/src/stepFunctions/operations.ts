import { z } from "zod";
import { operations } from "../operation";
import { paging } from "../paging";
import { ServiceError, type Json, type Operation } from "../service";
import type { Execution } from "./execution";
import type { Executions } from "./executions";
import { redrivesOf, shown } from "./history";

const PAGES = paging({ token: "nextToken", size: "maxResults", most: 1000, least: 0, usual: 100, invalidToken: "InvalidToken" });
const ARN = z.string().min(1).max(256);
const EXECUTION = { executionArn: ARN };
const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"];

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html */
export function stepFunctionsOperations(executions: Executions): Record<string, Operation> {
  const ofMachine = ({ stateMachineArn }: { stateMachineArn: string }): string => stateMachineArn;
  const ofExecution = ({ executionArn }: { executionArn: string }): string => executionArn;
  const machine = (arn: string) => executions.machine(checkArn(arn, "stateMachine"));
  const execution = (arn: string): Execution => executions.execution(checkArn(arn, "execution"));

  return operations(
    { service: "states", invalid: "ValidationException" },
    {
      StartExecution: {
        members: { stateMachineArn: ARN, name: z.string().optional(), input: z.string().optional() },
        resources: ofMachine,
        run: ({ stateMachineArn, name, input }) => {
          const { arn, startedAt } = executions.start(machine(stateMachineArn), name, input).start;
          return { executionArn: arn, startDate: startedAt / 1000 };
        },
      },
      StopExecution: {
        members: { ...EXECUTION, error: z.string().max(256).optional(), cause: z.string().max(32_768).optional() },
        resources: ofExecution,
        run: async ({ executionArn, ...details }) => {
          const found = execution(executionArn);
          if (!found.final) await found.stop(details);
          return { stopDate: (found.final?.at ?? 0) / 1000 };
        },
      },
      DescribeExecution: {
        members: EXECUTION,
        resources: ofExecution,
        run: ({ executionArn }) => describe(execution(executionArn)),
      },
      GetExecutionHistory: {
        members: {
          ...EXECUTION,
          ...PAGES.members,
          reverseOrder: z.boolean().default(false),
          includeExecutionData: z.boolean().default(true),
        },
        resources: ofExecution,
        run: (request) => {
          const { reverseOrder, includeExecutionData } = request;
          const { events } = execution(request.executionArn).history;
          const order = { numberOf: ({ id }: { id: number }) => id, descending: reverseOrder };
          const { items, next } = PAGES.page(reverseOrder ? [...events].reverse() : events, request, order);
          return { events: items.map((event) => shown(event, includeExecutionData)), ...next };
        },
      },
      ListExecutions: {
        members: { stateMachineArn: ARN, statusFilter: z.enum(STATUSES).optional(), ...PAGES.members },
        resources: ofMachine,
        run: (request) => {
          const { statusFilter } = request;
          const found = executions.of(machine(request.stateMachineArn)).reverse();
          const wanted = found.filter(({ execution: { status } }) => statusFilter === undefined || status === statusFilter);
          const { items, next } = PAGES.page(wanted, request, { numberOf: ({ place }) => place, descending: true });
          return { executions: items.map((item) => summary(item.execution)), ...next };
        },
      },
      ListStateMachines: {
        members: PAGES.members,
        resources: () => "*",
        run: (request) => {
          const { items, next } = PAGES.page(executions.allMachines(), request);
          const stateMachines = items.map(({ arn: stateMachineArn, name, createdAt }) => {
            return { stateMachineArn, name, type: "STANDARD", creationDate: createdAt / 1000 };
          });
          return { stateMachines, ...next };
        },
      },
      RedriveExecution: {
        members: { ...EXECUTION, clientToken: z.string().min(1).max(64).optional() },
        resources: ofExecution,
        run: ({ executionArn }) => {
          const found = execution(executionArn);
          return { redriveDate: found.redrive(found.start.machine.assume()) / 1000 };
        },
      },
    },
  );
}

function summary({ start: { arn, machine, name, startedAt }, status, final, history }: Execution): Json {
  const redrives = redrivesOf(history.events);
  const redrivenAt = redrives.at(-1)?.at;
  const redriven = { redriveCount: redrives.length, ...(redrivenAt === undefined ? {} : { redriveDate: redrivenAt / 1000 }) };
  const stopDate = final === undefined ? {} : { stopDate: final.at / 1000 };
  return { executionArn: arn, stateMachineArn: machine.arn, name, status, startDate: startedAt / 1000, ...stopDate, ...redriven };
}

function describe(execution: Execution): Json {
  const { output, error, cause } = execution.final?.details ?? {};
  return {
    ...summary(execution),
    input: execution.start.input,
    inputDetails: { included: true },
    ...(output === undefined ? {} : { output, outputDetails: { included: true } }),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
    ...(execution.isRedrivable
      ? { redriveStatus: "REDRIVABLE" }
      : { redriveStatus: "NOT_REDRIVABLE", redriveStatusReason: `Execution is ${execution.status} and cannot be redriven` }),
  };
}

/** @throws ServiceError InvalidArn */
function checkArn(arn: string, kind: string): string {
  if (arn.split(":")[5] === kind) return arn;
  throw new ServiceError("InvalidArn", `Invalid Arn: '${arn}'`);
}
