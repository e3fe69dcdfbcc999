import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from "@aws-sdk/client-sfn";
import * as assert from "node:assert/strict";
import { makeStepFunctions } from "../src/stepFunctions";
import type { Clock, Json, ServiceFactory, Statement } from "../src/service";
import { type TestCloud, withCloud } from "./cloud";
import { eventually } from "./eventually";
import { JumpingClock } from "./jumpingClock";

const FASTER = 1000;
const ACCOUNT = "arn:aws:states:ap-southeast-1:123456789012";

/** Settings of a bench. */
export interface StepFunctionsOptions {
  /** Services besides Step Functions. */
  services?: ServiceFactory[];
  stateDir?: string;
  /** @default one whose waits are a thousand times shorter */
  clock?: Clock;
  maxEvents?: number;
}

/** The fields of a definition around its states. */
export const machineOf = (States: Json, more: Json = {}): Json => ({
  QueryLanguage: "JSONata",
  StartAt: Object.keys(States)[0],
  States,
  ...more,
});

/** A statement of a role's policy. */
export const may = (Action: string[], Resource: string | string[] = "*"): Statement => ({ Effect: "Allow", Action, Resource });

/** States of a machine with a single task, `Call`. */
export const taskOf = (resource: string, Arguments: Json, more: Json = {}): Json => ({
  Call: { Type: "Task", Resource: `arn:aws:states:::${resource}`, Arguments, ...("Next" in more ? {} : { End: true }), ...more },
});

/** A cloud with Step Functions and a role `machine` for its state machines. */
export class StepFunctionsBench {
  readonly sfn: SFNClient;

  private constructor(readonly running: TestCloud) {
    this.sfn = new SFNClient({ ...running.client, maxAttempts: 1 });
  }

  static async open({ services = [], stateDir, clock, maxEvents }: StepFunctionsOptions = {}): Promise<StepFunctionsBench> {
    const factories = [...services, makeStepFunctions({ maxEvents })];
    const bench = new StepFunctionsBench(await withCloud(factories, { stateDir, clock: clock ?? new JumpingClock(FASTER) }));
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "states.amazonaws.com" } };
    await bench.create("aws:iam/role:Role", { name: "machine", assumeRolePolicy: { Version: "2012-10-17", Statement: trust } });
    return bench;
  }

  close(): Promise<void> {
    this.sfn.destroy();
    return this.running.stop();
  }

  create(type: string, inputs: Json): Promise<{ id: string; state: Json }> {
    return this.running.cloud.create(type, inputs, `urn:pulumi:test::test::${type}::made`);
  }

  /** Adds permissions to the machines' role. */
  async allow(...Statement: Statement[]): Promise<void> {
    await this.create("aws:iam/rolePolicy:RolePolicy", { name: "calls", role: "machine", policy: { Version: "2012-10-17", Statement } });
  }

  async deploy(definition: Json, name = "flow"): Promise<string> {
    return (await this.create("aws:sfn/stateMachine:StateMachine", this.inputs(definition, name))).id;
  }

  inputs(definition: Json, name = "flow"): Json {
    return { name, roleArn: "arn:aws:iam::123456789012:role/machine", definition: JSON.stringify(definition) };
  }

  async start(stateMachineArn: string, input: unknown = {}, name?: string): Promise<string> {
    const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input), name });
    return (await this.sfn.send(command)).executionArn ?? "";
  }

  /** Waits until an execution has ended. */
  ended(executionArn: string): Promise<DescribeExecutionOutput> {
    return eventually(async () => {
      const described = await this.sfn.send(new DescribeExecutionCommand({ executionArn }));
      assert.notEqual(described.status, "RUNNING");
      return described;
    });
  }

  /** Waits until a `.sync` task has started its job, and returns the response of that call. */
  submitted(executionArn: string): Promise<Json> {
    return eventually(async () => {
      const event = (await this.history(executionArn)).find(({ type }) => type === "TaskSubmitted");
      assert.ok(event);
      return JSON.parse(event.taskSubmittedEventDetails?.output ?? "") as Json;
    });
  }

  /** Runs states until the execution has ended; returns status, output or error and cause. */
  async run(States: Json, input: unknown = {}, more: Json = {}): Promise<Json> {
    const name = `flow-${++this.deployed}`;
    const { status, output, error, cause } = await this.ended(
      await this.start(await this.deploy(machineOf(States, more), name), input, "run"),
    );
    this.last = `${ACCOUNT}:execution:${name}:run`;
    if (status === "SUCCEEDED") return { status, output: JSON.parse(output ?? "null") as unknown };
    return { status, ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
  }

  /** Runs states that must fail with an error and a cause. */
  async fails(States: Json, error: string, cause: RegExp, input: unknown = {}): Promise<void> {
    const result = await this.run(States, input);
    assert.deepEqual({ status: result.status, error: result.error }, { status: "FAILED", error });
    assert.match(String(result.cause), cause);
  }

  /** The last execution of {@link run}. */
  last = "";
  private deployed = 0;

  async history(executionArn = this.last): Promise<HistoryEvent[]> {
    return (await this.sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }))).events ?? [];
  }

  /** Types of the events of an execution. */
  async types(executionArn?: string): Promise<string[]> {
    return (await this.history(executionArn)).map(({ type = "" }) => type);
  }
}
