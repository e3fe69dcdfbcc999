import * as assert from "node:assert/strict";
import { buildCloud, type ClosedCloud } from "../src/cloud";
import { scheduler } from "../src/scheduler";
import type { Json } from "../src/service";

const TYPE = "aws:scheduler/schedule:Schedule";
const ACCOUNT = "ap-southeast-1:123456789012";
const TARGET = { arn: `arn:aws:states:${ACCOUNT}:stateMachine:flow`, roleArn: "arn:aws:iam::123456789012:role/schedule" };
const NIGHTLY = {
  name: "nightly",
  scheduleExpression: "cron(15 2 * * ? *)",
  flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 15 },
  target: { ...TARGET, input: '{"runKey":"<aws.scheduler.scheduled-time>","id":"<aws.scheduler.execution-id>"}' },
};

describe("local EventBridge Scheduler", () => {
  let closed: ClosedCloud;
  const check = (inputs: Json): void => closed.cloud.check(TYPE, inputs);
  const create = (inputs: Json) => closed.cloud.create(TYPE, inputs, "urn:pulumi:test::test::x::nightly");
  const refuses = (more: Json, message: RegExp): void => assert.throws(() => check({ ...NIGHTLY, ...more }), message);

  beforeEach(() => (closed = buildCloud({ factories: [scheduler], stateDir: "/nowhere" })));

  it("creates a schedule whose role trusts it, once", async () => {
    const Statement = {
      Effect: "Allow",
      Action: "sts:AssumeRole",
      Principal: { Service: "scheduler.amazonaws.com" },
      Condition: {
        StringEquals: { "aws:SourceArn": `arn:aws:scheduler:${ACCOUNT}:schedule-group/default`, "aws:SourceAccount": "123456789012" },
      },
    };
    const role = (name: string, Principal: Json) => {
      const assumeRolePolicy = { Version: "2012-10-17", Statement: { ...Statement, Principal } };
      return closed.cloud.create("aws:iam/role:Role", { name, assumeRolePolicy }, `urn:${name}`);
    };
    await role("schedule", Statement.Principal);
    const { state } = await role("other", { Service: "states.amazonaws.com" });
    await assert.rejects(create({ ...NIGHTLY, target: { ...TARGET, roleArn: state.arn } }), { name: "AccessDenied" });
    assert.deepEqual(await create(NIGHTLY), {
      id: "default/nightly",
      state: { arn: `arn:aws:scheduler:${ACCOUNT}:schedule/default/nightly`, name: "nightly", groupName: "default" },
    });
    await assert.rejects(create(NIGHTLY), { name: "ConflictException" });
    await assert.rejects(create({ ...NIGHTLY, target: undefined }), { message: 'Schedule "nightly": target must be given' });
  });

  it("accepts what a preview knows", () => {
    check(NIGHTLY);
    check({ flexibleTimeWindow: {}, target: {} });
  });

  it("refuses what the service or the local cloud does not support, by name", () => {
    refuses({ name: "a b" }, /^Error: Schedule "a b": name must be 1 to 64/);
    refuses({ groupName: "mine" }, /Schedule "nightly": groupName must be default in the local cloud, got "mine"/);
    refuses({ state: "PAUSED" }, /state must be one of ENABLED, DISABLED, got "PAUSED"/);
    refuses({ scheduleExpression: "cron(0 0 * * ?)" }, /Schedule "nightly": scheduleExpression: cron must have 6 fields, got 5/);
    refuses(
      { scheduleExpressionTimezone: "Europe/Bielefeld" },
      /scheduleExpressionTimezone must be an IANA time zone, got "Europe\/Bielefeld"/,
    );
    refuses({ flexibleTimeWindow: { mode: "FLEXIBLE" } }, /maximumWindowInMinutes must be given with mode FLEXIBLE and only then/);
    refuses({ flexibleTimeWindow: { mode: "OFF", maximumWindowInMinutes: 5 } }, /only then, got 5/);
    refuses({ flexibleTimeWindow: { mode: "FLEXIBLE", maximumWindowInMinutes: 1441 } }, /must be at most 1440, got 1441/);
    refuses({ target: { ...TARGET, arn: "arn:aws:lambda:x:123456789012:function:f" } }, /target\.arn must be the ARN of a state machine/);
    refuses({ target: { ...TARGET, retryPolicy: { maximumRetryAttempts: 186 } } }, /maximumRetryAttempts must be at most 185, got 186/);
    refuses({ target: { ...TARGET, deadLetterConfig: { arn: "q" } } }, /target: the local cloud does not know the input deadLetterConfig/);
    refuses(
      { target: { ...TARGET, input: '"<aws.scheduler.time>"' } },
      /target\.input: EventBridge Scheduler does not know <aws.scheduler.time>/,
    );
    refuses({ target: { ...TARGET, input: "{" } }, /target\.input: must be JSON/);
    refuses({ startDate: "2026-01-31T00:00:00Z" }, /the local cloud does not know the input startDate/);
  });

  const accepted = ["cron(0,30 8-17/2 ? * MON-FRI *)", "cron(5/20 0 1 JAN-DEC/6 ? 2026-2027)", "cron(0 0 L * ? *)", "cron(0 0 15W * ? *)"];
  for (const expression of [
    ...accepted,
    "cron(0 0 ? * 6#3 *)",
    "cron(0 0 ? * FRIL *)",
    "rate(1 day)",
    "rate(90 minutes)",
    "at(2026-02-01T02:15:00)",
  ]) {
    it(`accepts ${expression}`, () => check({ ...NIGHTLY, scheduleExpression: expression }));
  }

  const refused: [string, RegExp][] = [
    ["cron(0 0 1 * MON *)", /cron must have \? as either day of month or day of week, got 1 and MON/],
    ["cron(0 0 ? * ? *)", /got \? and \?/],
    ["cron(60 0 * * ? *)", /cron: minutes must be numbers from 0 to 59, ranges, lists and steps, got 60/],
    ["cron(0 5-3 * * ? *)", /hours must be/],
    ["cron(0 0 0 * ? *)", /day of month must be/],
    ["cron(0 0 32W * ? *)", /day of month must be/],
    ["cron(0 0 ? * 0 *)", /day of week must be numbers from 1 to 7 or names/],
    ["cron(0 0 ? * 6#6 *)", /day of week must be/],
    ["cron(0 0 ? * MON/2 *)", /day of week must be numbers from 1 to 7 or names, ranges and lists, got MON\/2/],
    ["cron(*/0 0 * * ? *)", /minutes must be/],
    ["cron(0 0 * FOO ? *)", /month must be/],
    ["cron(? 0 * * ? *)", /minutes must be/],
    ["rate(0 minutes)", /rate must be/],
    ["rate(1 minutes)", /rate must be/],
    ["rate(2 hour)", /rate must be/],
    ["rate(1 week)", /rate must be/],
    ["at(2026-02-01)", /at must be/],
    ["at(2026-02-30T00:00:00)", /at must be/],
    ["every day", /must be cron\(\.\.\.\), rate\(\.\.\.\) or at\(\.\.\.\)/],
  ];
  for (const [expression, message] of refused) it(`refuses ${expression}`, () => refuses({ scheduleExpression: expression }, message));
});
