import { strict as assert } from "node:assert";
import { logs } from "../src/logs";
import type { Json, Principal } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";

const GROUP_ARN = "arn:aws:logs:ap-southeast-1:123456789012:log-group:shop";

describe("the local CloudWatch Logs", () => {
  let running: TestCloud;
  beforeEach(async () => {
    running = await withCloud([logs]);
    await make("aws:cloudwatch/logGroup:LogGroup", { name: "shop", retentionInDays: 14 });
    await make("aws:cloudwatch/logStream:LogStream", { name: "first", logGroupName: "shop" });
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
  const stream = { logGroupName: "shop", logStreamName: "first" };
  const put = (...messages: string[]) =>
    send("PutLogEvents", { ...stream, logEvents: messages.map((message, i) => ({ timestamp: 1000 + i, message })) });
  const messages = ({ events }: Json): string[] => (events as { message: string }[]).map(({ message }) => message);

  it("returns a stream's lines in order, and a group's by time and page", async () => {
    assert.deepEqual(await put("one", "two words", "three"), {});
    assert.deepEqual(messages(await send("GetLogEvents", stream)), ["one", "two words", "three"]);
    await send("CreateLogStream", { logGroupName: "shop", logStreamName: "second" });
    const between = { logGroupName: "shop", logStreamName: "second", logEvents: [{ timestamp: 1001, message: "between" }] };
    await send("PutLogEvents", between);
    const first = await send("FilterLogEvents", { logGroupName: "shop", limit: 3 });
    assert.deepEqual(messages(first), ["one", "two words", "between"]);
    const rest = await send("FilterLogEvents", { logGroupName: "shop", limit: 3, nextToken: first.nextToken });
    assert.deepEqual([messages(rest), rest.nextToken], [["three"], undefined]);
  });

  it("lets a role write to the streams of its own group only", async () => {
    const trust = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "lambda.amazonaws.com" } };
    const { state } = await make("aws:iam/role:Role", { name: "writer", assumeRolePolicy: { Statement: trust } });
    const Statement = { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `${GROUP_ARN}:*` };
    await make("aws:iam/rolePolicy:RolePolicy", { name: "write", role: "writer", policy: { Statement } });
    await make("aws:cloudwatch/logGroup:LogGroup", { name: "shop2" });
    const writer = running.cloud.assume(String(state.arn), "lambda.amazonaws.com");
    const second = { logGroupName: "shop", logStreamName: "second" };
    assert.deepEqual(await send("CreateLogStream", second, writer), {});
    assert.deepEqual(await send("PutLogEvents", { ...second, logEvents: [{ timestamp: 1, message: "x" }] }, writer), {});
    for (const [operation, input, resource] of [
      ["CreateLogStream", { logGroupName: "shop2", logStreamName: "s" }, `${GROUP_ARN}2:log-stream:s`],
      ["GetLogEvents", second, `${GROUP_ARN}:log-stream:second`],
      ["CreateLogGroup", { logGroupName: "shop3" }, `${GROUP_ARN}3:log-stream:`],
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
      "an unknown member",
      "FilterLogEvents",
      { logGroupName: "shop", filterPattern: "error" },
      "NotImplemented",
      "the local logs does not know the member filterPattern of FilterLogEvents",
    ],
    ["an unknown operation", "StartQuery", {}, "UnknownOperationException", "the local logs has no operation StartQuery"],
  ] as const) {
    it(`refuses ${what}`, async () => assert.deepEqual(await send(operation, input as Json), { __type: type, message }));
  }

  const broken = (member: string, rule: string): Json => ({
    __type: "InvalidParameterException",
    message: `1 validation error detected: Value ${member} failed to satisfy constraint: Member must ${rule}`,
  });
  const mistyped = (message: string): Json => ({ __type: "SerializationException", message });
  const line = { timestamp: 1, message: "x" };
  for (const [operation, input, expected] of [
    ["CreateLogGroup", {}, broken("null at 'logGroupName'", "not be null")],
    [
      "CreateLogGroup",
      { logGroupName: "a b" },
      broken("'a b' at 'logGroupName'", "satisfy regular expression pattern: ^[.\\-_/#A-Za-z0-9]+$"),
    ],
    ["CreateLogGroup", { logGroupName: 1 }, mistyped("logGroupName: NUMBER_VALUE can not be converted to a String")],
    ["CreateLogStream", { logGroupName: "shop" }, broken("null at 'logStreamName'", "not be null")],
    [
      "CreateLogStream",
      { ...stream, logStreamName: "a:b" },
      broken("'a:b' at 'logStreamName'", "satisfy regular expression pattern: ^[^:*]*$"),
    ],
    ["PutLogEvents", stream, broken("null at 'logEvents'", "not be null")],
    ["PutLogEvents", { ...stream, logEvents: [] }, broken("at 'logEvents'", "have length greater than or equal to 1")],
    [
      "PutLogEvents",
      { ...stream, logEvents: Array<Json>(10_001).fill(line) },
      broken("at 'logEvents'", "have length less than or equal to 10000"),
    ],
    ["PutLogEvents", { ...stream, logEvents: [{ timestamp: 1 }] }, broken("null at 'logEvents.1.member.message'", "not be null")],
    [
      "PutLogEvents",
      { ...stream, logEvents: [{ ...line, timestamp: "now" }] },
      mistyped("logEvents.0.timestamp: STRING_VALUE can not be converted to a Number"),
    ],
    ["PutLogEvents", { ...stream, logEvents: "x" }, mistyped("logEvents: Expected list or null")],
    ["GetLogEvents", { logStreamName: "first" }, broken("null at 'logGroupName'", "not be null")],
    ["FilterLogEvents", {}, broken("null at 'logGroupName'", "not be null")],
    ["FilterLogEvents", { logGroupName: "shop", limit: 0 }, broken("'0' at 'limit'", "have value greater than or equal to 1")],
  ] as [string, Json, Json][]) {
    it(`answers ${operation} ${JSON.stringify(input).slice(0, 60)} as AWS does`, async () =>
      assert.deepEqual(await send(operation, input), expected));
  }

  it("refuses settings that AWS would not take, and inputs it does not know", async () => {
    await assert.rejects(
      make("aws:cloudwatch/logGroup:LogGroup", { name: "b", retentionInDays: 8 }),
      /LogGroup "b": retentionInDays must be one of 0, 1, 3, .* got 8$/,
    );
    await assert.rejects(
      make("aws:cloudwatch/logGroup:LogGroup", { name: "a b" }),
      /LogGroup "a b": name must be 1 to 512 of .* got "a b"$/,
    );
    await assert.rejects(make("aws:cloudwatch/logGroup:LogGroup", { name: "b", namePrefix: "c" }), /does not know the input namePrefix$/);
    const { id } = await make("aws:cloudwatch/logGroup:LogGroup", {});
    assert.match(id, /^made-[0-9a-f]{7}$/);
  });
});
