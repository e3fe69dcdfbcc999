import { ServiceError, type Json, type Operation } from "../service";
import type { Execution } from "./execution";
import type { Executions } from "./executions";
import { redrivesOf, shown } from "./history";
import { page } from "./page";

/** Members of the requests that are served. */
interface Request {
  stateMachineArn: string;
  executionArn: string;
  name?: string;
  input?: string;
  error?: string;
  cause?: string;
  statusFilter?: string;
  maxResults?: number;
  nextToken?: string;
  reverseOrder?: boolean;
  includeExecutionData?: boolean;
}

const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"];

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html */
export function operations(executions: Executions): Record<string, Operation> {
  const define = (
    name: string,
    members: string[],
    resource: (request: Request) => string,
    answer: (request: Request) => Json | Promise<Json>,
  ): Record<string, Operation> => ({ [name]: operation(name, members, resource, answer) });
  const machine = ({ stateMachineArn }: Request): string => String(stateMachineArn);
  const execution = ({ executionArn }: Request): string => String(executionArn);
  const find = ({ executionArn }: Request): Execution => executions.execution(arnOf(executionArn, "execution"));

  return {
    ...define("StartExecution", ["stateMachineArn", "name", "input"], machine, async ({ stateMachineArn, name, input }) => {
      const started = await executions.start(executions.machine(arnOf(stateMachineArn, "stateMachine")), name, input);
      return { executionArn: started.start.arn, startDate: started.start.startedAt / 1000 };
    }),
    ...define("StopExecution", ["executionArn", "error", "cause"], execution, async (request) => {
      const found = find(request);
      const { error, cause } = request;
      if (!found.final) await found.stop({ ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) });
      return { stopDate: (found.final?.at ?? 0) / 1000 };
    }),
    ...define("DescribeExecution", ["executionArn"], execution, (request) => describe(find(request))),
    ...define("GetExecutionHistory", ["executionArn", "reverseOrder", "includeExecutionData", ...PAGED], execution, (request) => {
      const { reverseOrder = false, includeExecutionData = true } = request;
      const { events } = find(request).history;
      const { items, ...token } = page(reverseOrder ? [...events].reverse() : events, request, {
        numberOf: ({ id }) => id,
        descending: reverseOrder,
      });
      return { events: items.map((event) => shown(event, includeExecutionData)), ...token };
    }),
    ...define("ListExecutions", ["stateMachineArn", "statusFilter", ...PAGED], machine, (request) => {
      const { stateMachineArn, statusFilter } = request;
      const found = executions.of(executions.machine(arnOf(stateMachineArn, "stateMachine"))).reverse();
      if (statusFilter !== undefined && !STATUSES.includes(statusFilter)) throw invalid("statusFilter", STATUSES.join(", "), statusFilter);
      const wanted = found.filter(({ execution: { status } }) => statusFilter === undefined || status === statusFilter);
      const { items, ...token } = page(wanted, request, { numberOf: ({ place }) => place, descending: true });
      return { executions: items.map((item) => summary(item.execution)), ...token };
    }),
    ...define("DescribeStateMachine", ["stateMachineArn"], machine, ({ stateMachineArn }) =>
      executions.machine(arnOf(stateMachineArn, "stateMachine")).describe(),
    ),
    ...define(
      "ListStateMachines",
      PAGED,
      () => "*",
      (request) => {
        const all = executions.allMachines().map((found, place) => ({ found, place }));
        const { items, ...token } = page(all, request, { numberOf: ({ place }) => place, descending: false });
        const stateMachines = items.map(({ found: { arn: stateMachineArn, name, createdAt } }) => {
          return { stateMachineArn, name, type: "STANDARD", creationDate: createdAt / 1000 };
        });
        return { stateMachines, ...token };
      },
    ),
    ...define("RedriveExecution", ["executionArn", "clientToken"], execution, async (request) => {
      const found = find(request);
      return { redriveDate: (await found.redrive(found.start.machine.assume())) / 1000 };
    }),
  };
}

const PAGED = ["maxResults", "nextToken"];

function operation(
  name: string,
  members: string[],
  resource: (request: Request) => string,
  answer: (request: Request) => Json | Promise<Json>,
): Operation {
  return {
    permissions: (input) => [{ action: `states:${name}`, resource: resource(input as unknown as Request) }],
    run: async (input) => {
      const unknown = Object.keys(input).find((member) => !members.includes(member));
      if (unknown !== undefined) {
        throw new ServiceError("NotImplemented", `the local Step Functions does not know the member ${unknown} of ${name}`, 501);
      }
      return { output: await answer(input as unknown as Request) };
    },
  };
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
function arnOf(arn: unknown, kind: string): string {
  if (typeof arn === "string" && arn.split(":")[5] === kind) return arn;
  throw new ServiceError("InvalidArn", `Invalid Arn: '${String(arn)}'`);
}

const invalid = (member: string, rule: string, got: unknown): ServiceError =>
  new ServiceError("ValidationException", `${member} must be one of ${rule}, got ${String(got)}`);
