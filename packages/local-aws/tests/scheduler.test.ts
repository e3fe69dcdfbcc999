import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import { ListExecutionsCommand, DescribeExecutionCommand } from "@aws-sdk/client-sfn";
import * as assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeScheduler } from "../src/scheduler";
import { checkSchedule } from "../src/scheduler/settings";
import { ServiceError, type Json } from "../src/service";
import { eventually } from "../testing/eventually";
import { ManualClock } from "../testing/manualClock";
import { machineOf, StepFunctionsBench } from "../testing/stepFunctions";

const HOUR = 3_600_000;
const ACCOUNT = "ap-southeast-1:123456789012";
const MACHINE = `arn:aws:states:${ACCOUNT}:stateMachine:flow`;
const GROUP = `arn:aws:scheduler:${ACCOUNT}:schedule-group/default`;
const TARGET = { arn: MACHINE, roleArn: "arn:aws:iam::123456789012:role/schedule" };
const NIGHTLY = {
  name: "nightly",
  scheduleExpression: "cron(15 2 * * ? *)",
  flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 15 },
  target: { ...TARGET, input: '{"runKey":"<aws.scheduler.scheduled-time>","id":"<aws.scheduler.execution-id>"}' },
};

describe("local EventBridge Scheduler", () => {
  let clock: ManualClock;
  let bench: StepFunctionsBench;

  const open = async (stateDir?: string): Promise<void> => {
    bench = await StepFunctionsBench.open({ services: [makeScheduler({ pollMs: 5 })], clock, stateDir });
    const Statement = {
      Effect: "Allow",
      Action: "sts:AssumeRole",
      Principal: { Service: "scheduler.amazonaws.com" },
      Condition: { StringEquals: { "aws:SourceArn": GROUP, "aws:SourceAccount": "123456789012" } },
    };
    await bench.create("aws:iam/role:Role", { name: "schedule", assumeRolePolicy: { Version: "2012-10-17", Statement } });
  };
  const grant = (Resource: string): Promise<unknown> => {
    const policy = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "states:StartExecution", Resource } };
    return bench.create("aws:iam/rolePolicy:RolePolicy", { name: "start", role: "schedule", policy });
  };
  const schedule = (inputs: Json = NIGHTLY) => bench.create("aws:scheduler/schedule:Schedule", inputs);
  /** Inputs of all executions, the oldest first, once there are so many. */
  const inputs = (count: number): Promise<Json[]> =>
    eventually(async () => {
      const { executions = [] } = await bench.sfn.send(new ListExecutionsCommand({ stateMachineArn: MACHINE }));
      assert.equal(executions.length, count);
      const found = await Promise.all(executions.map(({ executionArn }) => bench.sfn.send(new DescribeExecutionCommand({ executionArn }))));
      return found.reverse().map(({ input = "" }) => JSON.parse(input) as Json);
    });

  beforeEach(async () => {
    clock = new ManualClock(Date.UTC(2026, 0, 30, 12));
    await open();
    await bench.deploy(machineOf({ Done: { Type: "Succeed" } }));
  });
  afterEach(() => bench.close());

  it("starts what is due, with the time of the schedule", async () => {
    await grant(MACHINE);
    await schedule();
    bench.running.startWorkers();
    clock.advance(14 * HOUR);
    clock.advance(15 * 60_000 + 7_000);
    const [first] = await inputs(1);
    assert.equal(first.runKey, "2026-01-31T02:15:00Z");
    assert.match(String(first.id), /^[0-9a-f-]{36}$/);
    clock.advance(48 * HOUR);
    const all = await inputs(3);
    assert.deepEqual(
      all.map(({ runKey }) => runKey),
      ["2026-01-31T02:15:00Z", "2026-02-01T02:15:00Z", "2026-02-02T02:15:00Z"],
    );
    assert.equal(new Set(all.map(({ id }) => id)).size, 3);
    assert.equal(bench.running.pending(), 0);
  });

  it("starts a rate at once, and nothing for a schedule that is disabled", async () => {
    await grant(MACHINE);
    await schedule({ ...NIGHTLY, state: "DISABLED", scheduleExpression: "rate(1 minute)" });
    await schedule({ ...NIGHTLY, name: "hourly", scheduleExpression: "rate(1 hour)", target: { ...TARGET, input: "[1]" } });
    bench.running.startWorkers();
    assert.deepEqual(await inputs(1), [[1]]);
    clock.advance(HOUR);
    assert.deepEqual(await inputs(2), [[1], [1]]);
  });

  it("tries a start again while its retry policy allows it", async () => {
    await grant(MACHINE);
    const retryPolicy = { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 3600 };
    await schedule({ ...NIGHTLY, target: { ...NIGHTLY.target, retryPolicy } });
    const kind = new ServiceError("ServiceUnavailable", "later", 503);
    const fault = bench.running.faults.inject({ service: "states", operation: "StartExecution", kind, to: 2 });
    bench.running.startWorkers();
    clock.advance(15 * HOUR);
    await eventually(() => assert.equal(fault.injected, 1));
    clock.advance(1000);
    await eventually(() => assert.equal(fault.injected, 2));
    assert.deepEqual(await inputs(0), []);
    clock.advance(2000);
    assert.equal((await inputs(1))[0].runKey, "2026-01-31T02:15:00Z");
  });

  it("gives up after its attempts, or when the start is too old, and says so", async () => {
    await grant(MACHINE);
    const kind = new ServiceError("ServiceUnavailable", "later", 503);
    const fault = bench.running.faults.inject({ service: "states", operation: "StartExecution", kind });
    const policies = [{ maximumRetryAttempts: 0 }, { maximumEventAgeInSeconds: 60 }];
    for (const [i, retryPolicy] of policies.entries()) await schedule({ ...NIGHTLY, name: `n${i}`, target: { ...TARGET, retryPolicy } });
    bench.running.startWorkers();
    const warned: string[] = [];
    const listen = (warning: Error): number => warned.push(warning.message);
    process.on("warning", listen);
    clock.advance(15 * HOUR);
    await eventually(() => assert.equal(warned.length, 2));
    process.off("warning", listen);
    const said = (name: string) => `Schedule "${name}": the start of 2026-01-31T02:15:00Z failed 1 times: ServiceUnavailable: later`;
    assert.deepEqual([warned.sort(), fault.injected], [[said("n0"), said("n1")], 2]);
  });

  it("needs the role's permission, and its trust", async () => {
    await grant(`${MACHINE}-other`);
    await schedule();
    bench.running.startWorkers();
    const warning = once(process, "warning");
    clock.advance(15 * HOUR);
    assert.match(
      String(await warning),
      /failed 1 times: AccessDeniedException: .*role\/schedule is not authorized to perform states:StartExecution/,
    );
    const target = { ...TARGET, roleArn: "arn:aws:iam::123456789012:role/machine" };
    await assert.rejects(schedule({ ...NIGHTLY, name: "other", target }), /scheduler.amazonaws.com may not assume/);
  });

  it("tells of a schedule", async () => {
    const { id, state } = await schedule({ ...NIGHTLY, scheduleExpressionTimezone: "Asia/Singapore", description: "every night" });
    const Arn = `arn:aws:scheduler:${ACCOUNT}:schedule/default/nightly`;
    assert.deepEqual({ id, ...state }, { id: "default/nightly", arn: Arn, name: "nightly", groupName: "default" });
    const client = new SchedulerClient({ ...bench.running.client, maxAttempts: 1 });
    const { $metadata, ...told } = await client.send(new GetScheduleCommand({ Name: "nightly", GroupName: "default" }));
    const at = new Date("2026-01-30T12:00:00Z");
    assert.equal($metadata.httpStatusCode, 200);
    assert.deepEqual(told, {
      Arn,
      Name: "nightly",
      GroupName: "default",
      Description: "every night",
      State: "ENABLED",
      CreationDate: at,
      LastModificationDate: at,
      ActionAfterCompletion: "NONE",
      ScheduleExpression: "cron(15 2 * * ? *)",
      ScheduleExpressionTimezone: "Asia/Singapore",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 15 },
      Target: {
        Arn: MACHINE,
        RoleArn: TARGET.roleArn,
        Input: NIGHTLY.target.input,
        RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 },
      },
    });
    await assert.rejects(client.send(new GetScheduleCommand({ Name: "none" })), { name: "ResourceNotFoundException" });
    await assert.rejects(schedule(), { name: "ConflictException" });
    client.destroy();
  });

  it("goes on after a restart with the next time", async () => {
    await bench.close();
    const stateDir = await mkdtemp(join(tmpdir(), "c360-test-"));
    await open(stateDir);
    await bench.deploy(machineOf({ Done: { Type: "Succeed" } }));
    await schedule();
    await bench.close();
    clock.advance(15 * HOUR);
    await open(stateDir);
    await grant(MACHINE);
    bench.running.startWorkers();
    clock.advance(24 * HOUR);
    assert.deepEqual(
      (await inputs(1)).map(({ runKey }) => runKey),
      ["2026-02-01T02:15:00Z"],
    );
    await bench.close();
    await rm(stateDir, { recursive: true });
    await open();
  });
});

describe("local EventBridge Scheduler: settings", () => {
  const refuses = (more: Json, message: RegExp): void => assert.throws(() => checkSchedule({ ...NIGHTLY, ...more }), message);

  it("accepts what a preview knows", () => {
    checkSchedule(NIGHTLY);
    checkSchedule({ flexibleTimeWindow: {}, target: {} });
  });

  it("refuses what the service or the local cloud does not take, by name", () => {
    refuses({ name: "a b" }, /^Error: Schedule "a b"\.name must be 1 to 64/);
    refuses({ groupName: "mine" }, /Schedule "nightly"\.groupName must be default in the local cloud, got mine/);
    refuses({ state: "PAUSED" }, /state must be one of ENABLED, DISABLED, got "PAUSED"/);
    refuses({ scheduleExpression: "cron(0 0 * * ?)" }, /scheduleExpression: cron must have 6 fields, got 5/);
    refuses({ scheduleExpressionTimezone: "Europe/Bielefeld" }, /scheduleExpressionTimezone must be a time zone .*, got Europe\/Bielefeld/);
    refuses(
      { flexibleTimeWindow: { mode: "FLEXIBLE" } },
      /maximumWindowInMinutes must be there when mode is FLEXIBLE and only then, got undefined/,
    );
    refuses({ flexibleTimeWindow: { mode: "OFF", maximumWindowInMinutes: 5 } }, /only then, got 5/);
    refuses({ flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 1441 } }, /must be at most 1440, got 1441/);
    refuses({ target: { ...TARGET, arn: "arn:aws:lambda:x:123456789012:function:f" } }, /target\.arn must be the ARN of a state machine/);
    refuses({ target: { ...TARGET, retryPolicy: { maximumRetryAttempts: 186 } } }, /maximumRetryAttempts must be at most 185, got 186/);
    refuses(
      { target: { ...TARGET, deadLetterConfig: { arn: "q" } } },
      /deadLetterConfig must be absent in the local cloud, which has no queues/,
    );
    refuses({ target: { ...TARGET, sqsParameters: {} } }, /target: the local cloud does not know the input sqsParameters/);
    refuses(
      { target: { ...TARGET, input: '"<aws.scheduler.attempt-number>"' } },
      /target\.input: the local cloud does not know <aws.scheduler.attempt-number>/,
    );
    refuses({ target: { ...TARGET, input: "{" } }, /target\.input must be JSON/);
    refuses({ startDate: "2026-01-31T00:00:00Z" }, /Schedule "nightly": the local cloud does not know the input startDate/);
  });
});
