import { randomUUID } from "node:crypto";
import { ServiceError, type Cloud, type Json } from "../service";
import { Execution } from "./execution";
import { MAX_DATA_BYTES } from "./failure";
import { Machine, named } from "./machine";

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
const LEGAL_NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\u{fffe}\u{ffff}]{1,80}$/u;

/** State machines and their executions. */
export class Executions {
  private readonly machines = new Map<string, Machine>();
  /** In order of start time. */
  private readonly executions = new Map<string, Execution>();

  constructor(
    private readonly cloud: Cloud,
    private readonly maxEvents: number,
  ) {}

  /** @throws ServiceError StateMachineAlreadyExists, or AccessDenied when the role does not trust Step Functions */
  create(inputs: Json, urn: string): Machine {
    const machine = new Machine(this.cloud, named(inputs, urn), this.cloud.clock.now());
    if (this.machines.has(machine.arn)) {
      throw new ServiceError("StateMachineAlreadyExists", `State Machine Already Exists: '${machine.arn}'`);
    }
    machine.assume();
    this.machines.set(machine.arn, machine);
    return machine;
  }

  allMachines(): Machine[] {
    return [...this.machines.values()];
  }

  /** @throws ServiceError StateMachineDoesNotExist */
  machine(arn: string): Machine {
    const machine = this.machines.get(arn);
    if (!machine) throw new ServiceError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
    return machine;
  }

  /** @throws ServiceError ExecutionDoesNotExist */
  execution(arn: string): Execution {
    const execution = this.executions.get(arn);
    if (!execution) throw new ServiceError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
    return execution;
  }

  /** A machine's executions in order of start time, each with its position among all executions. */
  of(machine: Machine): { place: number; execution: Execution }[] {
    const all = [...this.executions.values()].map((execution, place) => ({ place, execution }));
    return all.filter(({ execution }) => execution.start.machine === machine);
  }

  /**
   * Starts an execution, or returns the running one with the same name and input.
   *
   * @throws ServiceError InvalidName, InvalidExecutionInput, ExecutionAlreadyExists
   */
  start(machine: Machine, name: string = randomUUID(), input = "{}"): Execution {
    if (!LEGAL_NAME.test(name)) throw new ServiceError("InvalidName", `Invalid Name: '${name}'`);
    checkInput(input);
    const arn = machine.executionArn(name);
    const known = this.executions.get(arn);
    if (known) {
      if (known.status !== "RUNNING" || known.start.input !== input) {
        throw new ServiceError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
      }
      return known;
    }
    const principal = machine.assume();
    const start = { arn, machine, name, input, startedAt: this.cloud.clock.now() };
    const execution = new Execution(this.cloud, start, this.maxEvents);
    this.executions.set(arn, execution);
    execution.begin(principal);
    return execution;
  }

  /** Aborts all running executions. */
  async close(): Promise<void> {
    const running = [...this.executions.values()].filter(({ status }) => status === "RUNNING");
    await Promise.all(running.map((execution) => execution.stop({ error: "LocalCloud.Stopped", cause: "The local cloud was stopped." })));
  }
}

function checkInput(input: string): void {
  const bytes = Buffer.byteLength(input);
  if (bytes > MAX_DATA_BYTES) {
    throw new ServiceError("InvalidExecutionInput", `The input has ${bytes} bytes, more than the ${MAX_DATA_BYTES} that are allowed`);
  }
  try {
    JSON.parse(input);
  } catch (error) {
    throw new ServiceError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${(error as Error).message}'`);
  }
}
