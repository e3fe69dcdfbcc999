import { strict as assert } from "node:assert";
import { readFile } from "node:fs/promises";
import * as http2 from "node:http2";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { KinesisClient, ListStreamsCommand } from "@aws-sdk/client-kinesis";
import type { Json, Operation, ServiceFactory } from "../src/service";
import { ServiceError } from "../src/service";
import { route } from "../src/http/routes";
import { readScope } from "../src/http/signature";
import { type TestCloud, withCloud } from "../testing/cloud";

const open: Operation = {
  permissions: () => [],
  run: async (input) => ({ output: { StreamNames: [String(input.Limit)], HasMoreStreams: false } }),
};
const probe: ServiceFactory = () => ({
  signingName: "kinesis",
  protocol: "json",
  resources: { "test:Thing": { inputs: ["name"], create: async (inputs) => ({ id: String(inputs.name), state: {} }) } },
  operations: {
    ListStreams: open,
    Guarded: { permissions: () => [{ action: "kinesis:GetRecords", resource: "arn:aws:kinesis:r:a:stream/s" }], run: open.run },
    Broken: { permissions: () => [], run: async () => Promise.reject(new Error("no disk")) },
    "GET /things/{Name}?version": open,
  },
});
const rest = probe({} as never);

describe("the HTTP server", () => {
  let cloud: TestCloud;
  const faults: unknown[] = [];
  before(async () => void (cloud = await withCloud([probe], { onFault: (error) => faults.push(error) })));
  after(() => cloud.stop());

  const post = (target: string, accessKeyId = cloud.owner.credentials.accessKeyId, region = "ap-southeast-1", service = "kinesis") =>
    fetch(cloud.cloud.endpoint, {
      method: "POST",
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260131/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
        "x-amz-target": `Kinesis_20131202.${target}`,
      },
      body: "{}",
    }).then(async (response) => [response.status, ((await response.json()) as Json).__type ?? "ok"]);

  it("answers the SDK over HTTP/2 and fetch over HTTP/1.1 on one port", async () => {
    const client = new KinesisClient(cloud.client);
    assert.deepEqual((await client.send(new ListStreamsCommand({ Limit: 7 }))).StreamNames, ["7"]);
    client.destroy();
    assert.deepEqual(await post("ListStreams"), [200, "ok"]);
    const session = http2.connect(cloud.cloud.endpoint);
    const [headers] = (await once(session.request({ ":path": "/" }).end(), "response")) as [http2.IncomingHttpHeaders];
    assert.equal(headers[":status"], 403);
    session.destroy();
  });

  it("refuses an unknown key, a missing signature, another region, an unknown service or operation", async () => {
    assert.deepEqual(await post("ListStreams", "AKIANOBODY"), [403, "UnrecognizedClientException"]);
    assert.deepEqual(await post("ListStreams", undefined, "eu-west-1"), [403, "InvalidSignatureException"]);
    assert.deepEqual(await post("MergeShards"), [501, "UnknownOperationException"]);
    assert.equal((await fetch(cloud.cloud.endpoint)).status, 403);
    assert.throws(() => cloud.registry.service("dynamodb"), /the local cloud has no service dynamodb/);
  });

  it("decides every call by the caller's policies and writes the decision down before it answers", async () => {
    await cloud.cloud.create("aws:iam/role:Role", { name: "r", assumeRolePolicy: trust("lambda.amazonaws.com") }, "urn:r");
    const principal = cloud.cloud.assume("arn:aws:iam::123456789012:role/r", "lambda.amazonaws.com");
    assert.deepEqual(await post("Guarded", principal.credentials.accessKeyId), [403, "AccessDeniedException"]);
    await assert.rejects(cloud.cloud.call(principal, "kinesis", "Guarded", {}), { name: "AccessDeniedException" });

    const statement = { Effect: "Allow", Action: "kinesis:GetRecords", Resource: "arn:aws:kinesis:r:a:stream/s" };
    await cloud.cloud.create("aws:iam/rolePolicy:RolePolicy", { name: "p", role: "r", policy: { Statement: [statement] } }, "urn:p");
    assert.deepEqual(await post("Guarded", principal.credentials.accessKeyId), [200, "ok"]);
    const lines = (await readFile(join(cloud.stateDir, "decisions.ndjson"), "utf8")).trim().split("\n");
    const decisions = lines.map((line) => JSON.parse(line) as Json).filter(({ principal: by }) => by === principal.arn);
    assert.deepEqual(
      decisions.map(({ action, resource, decision, reason }) => [action, resource, decision, reason]),
      [
        ["kinesis:GetRecords", "arn:aws:kinesis:r:a:stream/s", "deny", "no policy allows it"],
        ["kinesis:GetRecords", "arn:aws:kinesis:r:a:stream/s", "deny", "no policy allows it"],
        ["kinesis:GetRecords", "arn:aws:kinesis:r:a:stream/s", "allow", "identity policy"],
      ],
    );
  });

  it("gives a user the given managed policies only", async () => {
    const statement = { Effect: "Allow", Action: "kinesis:GetRecords", Resource: "*" };
    const { id } = await cloud.cloud.create("aws:iam/policy:Policy", { name: "readers", policy: { Statement: [statement] } }, "urn:m");
    assert.deepEqual(await post("Guarded", cloud.user("app", [id]).credentials.accessKeyId), [200, "ok"]);
    assert.deepEqual(await post("Guarded", cloud.user("other", []).credentials.accessKeyId), [403, "AccessDeniedException"]);
    assert.throws(() => cloud.user("app", ["arn:aws:iam::123456789012:policy/none"]), { name: "NoSuchEntity" });
  });

  it("lends a role only to the services that it trusts", () => {
    assert.throws(() => cloud.cloud.assume("arn:aws:iam::123456789012:role/r", "firehose.amazonaws.com"), { name: "AccessDenied" });
    assert.throws(() => cloud.cloud.assume("arn:aws:iam::123456789012:role/none", "lambda.amazonaws.com"), { name: "NoSuchEntity" });
  });

  it("answers a fault of its own as InternalFailure and tells of it", async () => {
    assert.deepEqual(await post("Broken"), [500, "InternalFailure"]);
    assert.deepEqual(faults.map(String), ["Error: no disk"]);
  });

  it("refuses unknown resource types, inputs and functions by name", async () => {
    assert.deepEqual(await cloud.cloud.create("test:Thing", { name: "a" }, "urn:a"), { id: "a", state: {} });
    await assert.rejects(
      cloud.cloud.create("test:Thing", { nmae: "a" }, "urn:a"),
      /test:Thing: the local cloud does not know the input nmae/,
    );
    assert.throws(() => cloud.cloud.check("aws:sqs/queue:Queue", {}), /does not know the resource type aws:sqs\/queue:Queue/);
    assert.throws(() => cloud.registry.invoke("aws:index/getArn:getArn", {}), /does not know the function aws:index\/getArn:getArn/);
    assert.equal(cloud.registry.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}).accountId, "123456789012");
  });

  it("takes another port when its own is busy", async () => {
    const busy = createServer().listen(0, "127.0.0.1");
    await once(busy, "listening");
    const { port } = busy.address() as { port: number };
    const other = await withCloud([], { port });
    assert.notEqual(new URL(other.cloud.endpoint).port, String(port));
    await other.stop();
    busy.close();
  });
});

describe("routes", () => {
  it("finds path and query parameters and refuses those that the operation does not know", () => {
    assert.deepEqual(route(rest, { method: "GET", url: "/things/a%2Fb?version=2" }), {
      operation: "GET /things/{Name}?version",
      parameters: { Name: "a/b", version: "2" },
    });
    const dots = route(rest, { method: "GET", url: "/things/..?version" });
    assert.deepEqual(dots.parameters, { Name: "..", version: "" });
    const refused = (url: string, code: string) =>
      assert.throws(
        () => route(rest, { method: "GET", url }),
        (e) => e instanceof ServiceError && e.code === code,
      );
    refused("/things/a?version=2&acl", "NotImplemented");
    refused("/things/a", "UnknownOperationException");
    refused("/other", "UnknownOperationException");
  });

  it("reads the scope of a header, and refuses presigned URLs by name", () => {
    const credential = "AKIA1/20260131/eu-west-1/s3/aws4_request";
    const scope = { accessKeyId: "AKIA1", region: "eu-west-1", service: "s3" };
    assert.deepEqual(readScope(`AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`, "/"), scope);
    const presigned = `/b/k?X-Amz-Credential=${encodeURIComponent(credential)}`;
    assert.throws(() => readScope(undefined, presigned), { name: "NotImplemented", status: 501, message: /presigned URLs/ });
    assert.throws(() => readScope("Bearer x", "/"), { name: "MissingAuthenticationToken", status: 403 });
  });
});

const trust = (service: string) => ({ Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }] });
