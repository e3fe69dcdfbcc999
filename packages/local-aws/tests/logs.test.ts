import { strict as assert } from "node:assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logs } from "../src/logs";
import type { Json, Principal } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";

const GROUP_ARN = "arn:aws:logs:ap-southeast-1:123456789012:log-group:acme";

describe("the local CloudWatch Logs", () => {
  let running: TestCloud;
  beforeEach(async () => {
    running = await withCloud([logs]);
    await make("aws:cloudwatch/logGroup:LogGroup", { name: "acme", retentionInDays: 14 });
    await make("aws:cloudwatch/logStream:LogStream", { name: "first", logGroupName: "acme" });
  });
  afterEach(() => running.stop());

  const make = (type: string, inputs: Json) => running.cloud.create(type, inputs, `urn:pulumi:test::test::${type}::made`);
  /** As a client of the protocol sends it. */
  const send = async (operation: string, input: Json, { credentials }: Principal = running.owner): Promise<Json> => {
    const scope = `${credentials.accessKeyId}/20260131/ap-southeast-1/logs/aws4_request`;
    const response = await fetch(running.cloud.endpoint, {
      method: "POST",
      body: JSON.stringify(input),
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `Logs_20140328.${operation}`,
      },
    });
    return (await response.json()) as Json;
  };
  const stream = { logGroupName: "acme", logStreamName: "first" };
  const put = (...messages: string[]) =>
    send("PutLogEvents", { ...stream, logEvents: messages.map((message, i) => ({ timestamp: 1000 + i, message })) });
  const messages = ({ events }: Json): string[] => (events as { message: string }[]).map(({ message }) => message);

  it("gives lines back in order, by time, by term and by page", async () => {
    assert.deepEqual(await put("one", "two words", "three"), {});
    assert.deepEqual(messages(await send("GetLogEvents", stream)), ["one", "two words", "three"]);
    assert.deepEqual(messages(await send("GetLogEvents", { ...stream, limit: 2 })), ["two words", "three"]);
    const { nextForwardToken: nextToken, ...head } = await send("GetLogEvents", { ...stream, limit: 2, startFromHead: true });
    assert.deepEqual(messages(head), ["one", "two words"]);
    assert.deepEqual(messages(await send("GetLogEvents", { ...stream, limit: 2, nextToken })), ["three"]);
    assert.deepEqual(messages(await send("FilterLogEvents", { logGroupName: "acme", startTime: 1001, endTime: 1001 })), ["two words"]);
    assert.deepEqual(messages(await send("FilterLogEvents", { logGroupName: "acme", filterPattern: `"two words"` })), ["two words"]);
    assert.deepEqual(messages(await send("FilterLogEvents", { logGroupName: "acme", logStreamNamePrefix: "second" })), []);
    const first = await send("FilterLogEvents", { logGroupName: "acme", limit: 2 });
    assert.deepEqual(messages(first), ["one", "two words"]);
    assert.deepEqual(messages(await send("FilterLogEvents", { logGroupName: "acme", limit: 2, nextToken: first.nextToken })), ["three"]);
  });

  it("describes groups and streams", async () => {
    const { logGroups } = await send("DescribeLogGroups", { logGroupNamePrefix: "ac" });
    const [{ creationTime, ...group }, ...others] = logGroups as Json[];
    assert.deepEqual([typeof creationTime, others], ["number", []]);
    assert.deepEqual(group, { logGroupName: "acme", arn: `${GROUP_ARN}:*`, logGroupArn: GROUP_ARN, retentionInDays: 14 });
    const described = await send("DescribeLogStreams", { logGroupName: "acme" });
    assert.deepEqual(described, { logStreams: [{ logStreamName: "first", arn: `${GROUP_ARN}:log-stream:first` }] });
    assert.deepEqual(await send("DescribeLogGroups", { logGroupNamePrefix: "other" }), { logGroups: [] });
  });

  it("lets a role write to the streams of its own group only", async () => {
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };
    const { state } = await make("aws:iam/role:Role", { name: "writer", assumeRolePolicy: { Statement: trust } });
    const Statement = { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `${GROUP_ARN}:*` };
    await make("aws:iam/rolePolicy:RolePolicy", { name: "write", role: "writer", policy: { Statement } });
    await make("aws:cloudwatch/logGroup:LogGroup", { name: "acme2" });
    const writer = running.cloud.assume(String(state.arn), "lambda.amazonaws.com");
    const second = { logGroupName: "acme", logStreamName: "second" };
    assert.deepEqual(await send("CreateLogStream", second, writer), {});
    assert.deepEqual(await send("PutLogEvents", { ...second, logEvents: [{ timestamp: 1, message: "x" }] }, writer), {});
    for (const [operation, input, resource] of [
      ["CreateLogStream", { logGroupName: "acme2", logStreamName: "s" }, `${GROUP_ARN}2:log-stream:s`],
      ["GetLogEvents", second, `${GROUP_ARN}:log-stream:second`],
      ["CreateLogGroup", { logGroupName: "acme3" }, `${GROUP_ARN}3:log-stream:`],
    ] as const) {
      const { __type, message } = await send(operation, input, writer);
      assert.deepEqual(
        [__type, message],
        [
          "AccessDeniedException",
          `${String(state.arn)} is not authorized to perform logs:${operation} on ${resource}: no policy allows it`,
        ],
      );
    }
  });

  for (const [what, operation, input, type, message] of [
    [
      "an absent stream",
      "GetLogEvents",
      { ...stream, logStreamName: "other" },
      "ResourceNotFoundException",
      "The specified log stream does not exist: other",
    ],
    [
      "an absent group",
      "FilterLogEvents",
      { logGroupName: "other" },
      "ResourceNotFoundException",
      "The specified log group does not exist: other",
    ],
    ["a stream that exists", "CreateLogStream", stream, "ResourceAlreadyExistsException", "The specified log stream already exists: first"],
    ["no lines", "PutLogEvents", { ...stream, logEvents: [] }, "InvalidParameterException", "logEvents must hold 1 to 10000 events, got 0"],
    [
      "lines out of order",
      "PutLogEvents",
      {
        ...stream,
        logEvents: [
          { timestamp: 2, message: "b" },
          { timestamp: 1, message: "a" },
        ],
      },
      "InvalidParameterException",
      "logEvents must be in chronological order",
    ],
    [
      "too many bytes",
      "PutLogEvents",
      { ...stream, logEvents: [{ timestamp: 2, message: "b".repeat(1_048_551) }] },
      "InvalidParameterException",
      "logEvents must have at most 1048576 bytes, got 1048577",
    ],
    [
      "a pattern language",
      "FilterLogEvents",
      { logGroupName: "acme", filterPattern: "{ $.a = 1 }" },
      "InvalidParameterException",
      "the local logs know only plain and quoted terms, got filterPattern { $.a = 1 }",
    ],
    [
      "an unknown member",
      "GetLogEvents",
      { ...stream, unmask: true },
      "NotImplemented",
      "the local logs do not know the member unmask of GetLogEvents",
    ],
    ["an unknown operation", "StartQuery", {}, "UnknownOperationException", "the local logs has no operation StartQuery"],
  ] as const) {
    it(`refuses ${what}`, async () => assert.deepEqual(await send(operation, input as Json), { __type: type, message }));
  }

  it("refuses settings that AWS would not take, and inputs it does not know", async () => {
    await assert.rejects(
      make("aws:cloudwatch/logGroup:LogGroup", { name: "b", retentionInDays: 8 }),
      /LogGroup "b": retentionInDays must be one of 0, 1, 3, .* got 8$/,
    );
    await assert.rejects(make("aws:cloudwatch/logGroup:LogGroup", { name: "a b" }), /LogGroup "a b": name must be 1 to 512 of .* got a b$/);
    await assert.rejects(make("aws:cloudwatch/logGroup:LogGroup", { name: "b", namePrefix: "c" }), /does not know the input namePrefix$/);
    const { id } = await make("aws:cloudwatch/logGroup:LogGroup", {});
    assert.match(id, /^made-[0-9a-f]{7}$/);
  });

  it("knows its lines again after a restart", async () => {
    const stateDir = await mkdtemp(join(tmpdir(), "c360-test-"));
    try {
      for (const run of [1, 2]) {
        const again = await withCloud([logs], { stateDir });
        const call = (operation: string, input: Json) => again.cloud.call(again.owner, "logs", operation, input);
        if (run === 1) {
          await call("CreateLogGroup", { logGroupName: "acme" });
          await call("CreateLogStream", stream);
          await call("PutLogEvents", { ...stream, logEvents: [{ timestamp: 7, message: "kept" }] });
        } else {
          const { output } = await call("GetLogEvents", stream);
          assert.deepEqual(
            (output?.events as Json[]).map(({ timestamp, message }) => [timestamp, message]),
            [[7, "kept"]],
          );
        }
        await again.stop();
      }
    } finally {
      await rm(stateDir, { recursive: true, force: true });
    }
  });
});
