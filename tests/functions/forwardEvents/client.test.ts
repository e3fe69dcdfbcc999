import * as assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { PersonalizeEventsClient, type PersonalizeEventsClientConfig } from "@aws-sdk/client-personalize-events";
import { classifyFailure, resolveTarget } from "../../../functions/forwardEvents/client";
import { eventually } from "@c360/local-aws/testing";
import { loadForwarder } from "../../support/forwarder";
import { ARRIVED, kinesisBatch, viewRecord } from "../../support/kinesisEvent";
import type { SerializedFunction } from "../../support/serialize";

const CREDENTIALS = { accessKeyId: "AKIAWIRE", secretAccessKey: "wire-secret", sessionToken: "wire-token" };
const DONE = { result: { batchItemFailures: [] } };

interface Wired {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
  socket: Socket;
}

describe("the forwarder's requests", () => {
  const requests: Wired[] = [];
  /** The response of the service. */
  let answer: { status: number; headers?: Record<string, string>; body?: string };
  let server: Server;
  let url: string;
  let handedOut = 0;
  let forwarder: SerializedFunction;

  before(async () => {
    server = createServer((incoming, response) => {
      const { method, url: path, headers, socket } = incoming;
      let body = "";
      incoming.setEncoding("utf8").on("data", (text: string) => (body += text));
      incoming.on("end", () => {
        if (path === "/credentials") return void response.end(JSON.stringify(expiring((handedOut += 1))));
        requests.push({ method, url: path, headers, body, socket });
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    forwarder = await loadForwarder({ endpoint: url, credentials: CREDENTIALS });
  });
  beforeEach(() => {
    requests.length = 0;
    answer = { status: 200 };
  });
  after(async () => {
    await forwarder.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("are signed, with the events as JSON and only the headers that are needed", async () => {
    assert.deepEqual(await forwarder.invoke(kinesisBatch([viewRecord("s1", ["i1"], "u1")])), DONE);
    assert.equal(requests.length, 1);
    const [{ method, url: path, headers, body }] = requests;
    assert.deepEqual([method, path], ["POST", "/events"]);
    assert.deepEqual(Object.keys(headers).sort(), [
      "authorization",
      "connection",
      "content-length",
      "content-type",
      "host",
      "user-agent",
      "x-amz-content-sha256",
      "x-amz-date",
      "x-amz-security-token",
    ]);
    assert.equal(headers.host, new URL(url).host);
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers["content-length"], String(Buffer.byteLength(body)));
    assert.equal(headers["user-agent"], "c360-recommender/forwarder");
    assert.equal(headers["x-amz-security-token"], CREDENTIALS.sessionToken);
    assert.equal(headers.authorization, authorization(requests[0]));
    const content = JSON.parse(body) as { eventList: { eventId: string }[] };
    const [{ eventId }] = content.eventList;
    const event = { eventId, eventType: "view", itemId: "i1", sentAt: ARRIVED - 100 };
    assert.deepEqual(content, { trackingId: "tracking-id", userId: "u1", sessionId: "s1", eventList: [event] });
  });

  const NOT_FOUND = "PutEvents answered ResourceNotFoundException (404): no tracker";
  const refusals: [form: string, response: typeof answer, message: string][] = [
    [
      "a header",
      { status: 404, headers: { "x-amzn-errortype": "ResourceNotFoundException" }, body: '{"message":"no tracker"}' },
      NOT_FOUND,
    ],
    [
      "a header with an address",
      {
        status: 404,
        headers: { "x-amzn-errortype": "ResourceNotFoundException:http://internal.amazon.com/" },
        body: '{"Message":"no tracker"}',
      },
      NOT_FOUND,
    ],
    [
      "the body",
      { status: 404, body: '{"__type":"com.amazonaws.personalize#ResourceNotFoundException","message":"no tracker"}' },
      NOT_FOUND,
    ],
    ["the code of the body", { status: 404, body: '{"code":"ResourceNotFoundException","message":"no tracker"}' }, NOT_FOUND],
    ["no JSON at all", { status: 403, body: "<html>" }, "PutEvents answered UnknownError (403): "],
  ];
  for (const [form, response, message] of refusals)
    it(`report the error in ${form}`, async () => {
      answer = response;
      const { error } = await forwarder.invoke(kinesisBatch([viewRecord("s1", ["i1"])]));
      assert.deepEqual(error, { name: "Misconfiguration", message });
    });

  it("use 16 connections at most, and reuse them in the next invocation", async () => {
    const batch = kinesisBatch(Array.from({ length: 60 }, (_, i) => viewRecord(`s${i}`, ["i1"])));
    assert.deepEqual(await forwarder.invoke(batch), DONE);
    const connections = new Set(requests.map(({ socket }) => socket));
    assert.ok(connections.size <= 16, `${connections.size} connections`);
    assert.deepEqual(await forwarder.invoke(batch), DONE);
    assert.equal(requests.length, 120);
    assert.ok(requests.every(({ socket }) => connections.has(socket)));
  });

  it("go to the service's own endpoint, below its path", async () => {
    const env = { AWS_ENDPOINT_URL_PERSONALIZE_EVENTS: `${url}/behind/` };
    const other = await loadForwarder({ endpoint: "http://127.0.0.1:1", env });
    try {
      assert.deepEqual(await other.invoke(kinesisBatch([viewRecord("s1", ["i1"])])), DONE);
      assert.deepEqual(
        requests.map(({ url: path }) => path),
        ["/behind/events"],
      );
    } finally {
      await other.stop();
    }
  });

  it("are signed with new credentials before the old ones expire", async () => {
    const env = {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials`,
    };
    const other = await loadForwarder({ endpoint: url, env });
    const used = async () => {
      const before = handedOut;
      assert.deepEqual(await other.invoke(kinesisBatch([viewRecord("s1", ["i1"])])), DONE);
      const { authorization: header, "x-amz-security-token": token } = requests[requests.length - 1].headers;
      const [, number] = /Credential=AKIA(\d+)\//.exec(header ?? "") ?? [];
      assert.equal(token, `token ${number}`);
      await eventually(() => assert.ok(handedOut > before));
      return Number(number);
    };
    try {
      const first = await used();
      await used();
      assert.ok((await used()) > first, "valid credentials are used while new ones are fetched, and no longer");
    } finally {
      await other.stop();
    }
  });
});

describe("the endpoint of Personalize's events", () => {
  const endpoints: [config: PersonalizeEventsClientConfig, host: string][] = [
    [{ region: "ap-southeast-1" }, "personalize-events.ap-southeast-1.amazonaws.com"],
    [{ region: "cn-north-1" }, "personalize-events.cn-north-1.amazonaws.com.cn"],
    [{ region: "us-east-1", useFipsEndpoint: true }, "personalize-events-fips.us-east-1.amazonaws.com"],
    [{ region: "us-east-1", useDualstackEndpoint: true }, "personalize-events.us-east-1.api.aws"],
  ];
  for (const [config, host] of endpoints)
    it(`is ${host} for ${JSON.stringify(config)}`, async () => {
      const { target } = await resolveTarget(new PersonalizeEventsClient(config).config);
      assert.deepEqual(target, { protocol: "https:", hostname: host, host, port: undefined, path: "/events" });
    });
});

describe("classifyFailure", () => {
  const failure = (name: string, status?: number, message = "no") => ({ name, message, status });

  it("tells transient failures from misconfigurations and bad events", () => {
    const cases: [string, number | undefined, string][] = [
      ["ThrottlingException", 400, "transient"],
      ["TooManyRequestsException", 429, "transient"],
      ["InternalServerError", 500, "transient"],
      ["ServiceUnavailable", 503, "transient"],
      ["ResourceInUseException", 409, "transient"],
      ["TimeoutError", undefined, "transient"],
      ["Error", undefined, "transient"],
      ["InvalidInputException", 400, "rejected"],
      ["ValidationException", 400, "rejected"],
      ["SerializationException", 400, "rejected"],
      ["AccessDeniedException", 403, "misconfigured"],
      ["ResourceNotFoundException", 404, "misconfigured"],
      ["UnrecognizedClientException", 403, "misconfigured"],
      ["UnknownOperationException", 400, "misconfigured"],
    ];
    for (const [name, status, outcome] of cases) {
      const result = classifyFailure(failure(name, status));
      assert.equal(result.outcome, outcome, name);
      assert.equal(result.throttled, name === "ThrottlingException" || status === 429, name);
    }
  });

  it("reports a misconfiguration when the message names the tracker", () => {
    for (const message of ["Invalid tracking id", "Event tracker is not active", "trackingId must be ..."]) {
      assert.equal(classifyFailure(failure("InvalidInputException", 400, message)).outcome, "misconfigured", message);
    }
  });

  it("reports a bad event when only a quoted text looks like that, or when the call holds such a text too", () => {
    for (const text of [
      "soundtracking",
      "fitness tracker",
      "event tracker",
      "trackingId",
      "user's event tracker",
      'an \\" event tracker',
    ]) {
      const quote = text.includes('"') ? '"' : "'";
      const message = `Value ${quote}${text}${quote} at 'eventList.1.member.eventType' failed to satisfy constraint`;
      const { outcome, error } = classifyFailure(failure("InvalidInputException", 400, message));
      assert.equal(outcome, "rejected", text);
      assert.equal(error, "PutEvents answered InvalidInputException (400): Value … at … failed to satisfy constraint");
    }
    const invalid = failure("InvalidInputException", 400, "Bad event tracker in an event");
    assert.equal(classifyFailure(invalid, '[{"itemId":"an event tracker"}]').outcome, "rejected");
    assert.equal(classifyFailure(invalid, '[{"itemId":"i1"}]').outcome, "misconfigured");
  });

  it("passes the service's message on, without a quoted text that is cut off", () => {
    const message = "Properties don't allow the key 'timestamp'; got \"{'a': secret\\";
    const { error } = classifyFailure(failure("ValidationException", 400, message));
    assert.equal(error, "PutEvents answered ValidationException (400): Properties don't allow the key …; got …");
    assert.equal(
      classifyFailure(failure("InvalidInputException", 400, "The tracking id 'abc' is unknown")).error,
      "PutEvents answered InvalidInputException (400): The tracking id … is unknown",
    );
  });

  it("reports a broken connection as transient", () => {
    assert.deepEqual(classifyFailure(new Error("ECONNRESET")), { outcome: "transient", throttled: false, error: "Error" });
  });
});

/** Credentials that the SDK renews at once, in the form of the container credentials endpoint. */
function expiring(number: number): object {
  const Expiration = new Date(Date.now() + 60_000).toISOString();
  return { AccessKeyId: `AKIA${number}`, SecretAccessKey: "secret", Token: `token ${number}`, Expiration };
}

/** The Signature Version 4 header of a request to personalize in ap-southeast-1. */
function authorization({ method, url, headers, body }: Wired): string {
  const date = String(headers["x-amz-date"]);
  const scope = [date.slice(0, 8), "ap-southeast-1", "personalize", "aws4_request"];
  const names = ["content-length", "content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
  const signed = names.map((name) => `${name}:${String(headers[name])}\n`).join("");
  const canonical = [method, url, "", signed, names.join(";"), sha256(body)].join("\n");
  const key = scope.reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${CREDENTIALS.secretAccessKey}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical)].join("\n")).toString("hex");
  const credential = `${CREDENTIALS.accessKeyId}/${scope.join("/")}`;
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
