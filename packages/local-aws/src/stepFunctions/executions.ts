import { randomUUID } from "node:crypto";
import { ServiceError, type Cloud, type Json, type Store } from "../service";
import { Execution } from "./execution";
import { MAX_DATA_BYTES } from "./failure";
import { LOG, type HistoryEvent } from "./history";
import { Machine, named } from "./machine";

const MACHINES = "machines";
/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
const LEGAL_NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\u{fffe}\u{ffff}]{1,80}$/u;

/** State machines and their executions, in memory and in the store. */
export class Executions {
  private readonly machines = new Map<string, Machine>();
  /** In order of their start. */
  private readonly executions = new Map<string, Execution>();
  private readonly store: Store;

  constructor(
    private readonly cloud: Cloud,
    private readonly maxEvents: number,
  ) {
    this.store = cloud.store("states");
  }

  async create(inputs: Json, urn: string): Promise<Machine> {
    const machine = new Machine(this.cloud, named(inputs, urn), this.cloud.clock.now());
    if (this.machines.has(machine.arn)) {
      throw new ServiceError("StateMachineAlreadyExists", `State Machine Already Exists: '${machine.arn}'`);
    }
    machine.assume();
    this.machines.set(machine.arn, machine);
    await this.store.append(MACHINES, { inputs: machine.inputs, createdAt: machine.createdAt });
    return machine;
  }

  allMachines(): Machine[] {
    return [...this.machines.values()];
  }

  /** @throws ServiceError StateMachineDoesNotExist */
  machine(arn: unknown): Machine {
    const machine = this.machines.get(String(arn));
    if (!machine) throw new ServiceError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${String(arn)}'`);
    return machine;
  }

  /** @throws ServiceError ExecutionDoesNotExist */
  execution(arn: unknown): Execution {
    const execution = this.executions.get(String(arn));
    if (!execution) throw new ServiceError("ExecutionDoesNotExist", `Execution Does Not Exist: '${String(arn)}'`);
    return execution;
  }

  /** A machine's executions in order of their start, each with its place among all. */
  of(machine: Machine): { place: number; execution: Execution }[] {
    const all = [...this.executions.values()].map((execution, place) => ({ place, execution }));
    return all.filter(({ execution }) => execution.start.machine === machine);
  }

  /**
   * Starts an execution; the same name and input while it runs give the same one.
   *
   * @throws ServiceError InvalidName, InvalidExecutionInput, ExecutionAlreadyExists
   */
  async start(machine: Machine, name: string = randomUUID(), input = "{}"): Promise<Execution> {
    if (!LEGAL_NAME.test(name)) throw new ServiceError("InvalidName", `Invalid Name: '${name}'`);
    checkInput(input);
    const arn = machine.executionArn(name);
    const known = this.executions.get(arn);
    if (known) {
      if (known.status !== "RUNNING" || known.start.input !== input) {
        throw new ServiceError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
      }
      await known.started();
      return known;
    }
    const principal = machine.assume();
    const execution = this.add(arn, machine, { name, input, startedAt: this.cloud.clock.now() });
    await execution.begin(principal);
    return execution;
  }

  /** Reads what a former cloud left; what it did not finish is aborted. */
  async restore(): Promise<void> {
    for await (const { inputs, createdAt } of this.store.replay(MACHINES)) {
      const machine = new Machine(this.cloud, inputs as Json, createdAt as number);
      this.machines.set(machine.arn, machine);
    }
    for await (const { execution: arn, event } of this.store.replay(LOG)) this.replay(String(arn), event as HistoryEvent);
    for (const execution of this.executions.values()) if (execution.status === "RUNNING") await execution.abandon();
  }

  /** Aborts whatever runs. */
  async close(): Promise<void> {
    const running = [...this.executions.values()].filter(({ status }) => status === "RUNNING");
    await Promise.all(running.map((execution) => execution.stop({ error: "LocalCloud.Stopped", cause: "The local cloud was stopped." })));
  }

  private replay(arn: string, event: HistoryEvent): void {
    const [, before, machine, name] = /^(.*):execution:([^:]+):(.+)$/.exec(arn) ?? [];
    const start = { name, input: String(event.details.input), startedAt: event.at };
    const execution = this.executions.get(arn) ?? this.add(arn, this.machine(`${before}:stateMachine:${machine}`), start);
    execution.history.events.push(event);
  }

  private add(arn: string, machine: Machine, start: { name: string; input: string; startedAt: number }): Execution {
    const execution = new Execution(this.cloud, this.store, { arn, machine, ...start }, this.maxEvents);
    this.executions.set(arn, execution);
    return execution;
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
