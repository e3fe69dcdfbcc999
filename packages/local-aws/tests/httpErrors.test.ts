import * as assert from "node:assert/strict";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { PersonalizeEventsClient, PutEventsCommand } from "@aws-sdk/client-personalize-events";
import { HeadObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { Principal } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";

const ARN = "arn:aws:kinesis:ap-southeast-1:123456789012:stream/s";
const BUCKET = "shop-upstream";
const nobody: Principal = { arn: "", credentials: { accessKeyId: "AKIANOBODY", secretAccessKey: "s" } };
const UNKNOWN = "The access key id AKIANOBODY is not known to the local cloud, which issues new ones at every start";

interface Refused {
  name: string;
  message: string;
  $metadata: { httpStatusCode: number; requestId: string };
}

describe("an error over HTTP", () => {
  let cloud: TestCloud;
  let guest: Principal;
  before(async () => {
    cloud = await withCloud();
    guest = cloud.user("guest", []);
    await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKET }, "urn:b");
  });
  after(() => cloud.stop());

  /** What a client without an SDK sees: status, where the code may be, type and body; `ID` stands for the request's id. */
  const ask = async (who: Principal, service: string, path: string, init: RequestInit = {}, region = cloud.cloud.region) => {
    const scope = `${who.credentials.accessKeyId}/20260131/${region}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    const response = await fetch(cloud.cloud.endpoint + path, { ...init, headers: { authorization, ...init.headers } });
    const { headers, status } = response;
    const id = headers.get(service === "s3" ? "x-amz-request-id" : "x-amzn-requestid") ?? "";
    assert.match(id, /^[0-9a-f-]{36}$/);
    const body = (await response.text()).replace(id, "ID");
    return [status, headers.get("x-amzn-errortype"), headers.get("content-type"), body];
  };
  const kinesis = (who: Principal, region?: string) =>
    ask(
      who,
      "kinesis",
      "/",
      { method: "POST", body: `{"StreamARN":"${ARN}"}`, headers: { "x-amz-target": "Kinesis_20131202.ListShards" } },
      region,
    );
  const events = (who: Principal) => ask(who, "personalize", "/events", { method: "POST", body: "{}" });
  const datasets = (who: Principal) =>
    ask(who, "personalize", "/", { method: "POST", body: "{}", headers: { "x-amz-target": "AmazonPersonalize.DescribeDataset" } });
  const invoke = (who: Principal) => ask(who, "lambda", "/2015-03-31/functions/f/invocations", { method: "POST", body: "{}" });
  const list = (who: Principal, region?: string) => ask(who, "s3", `/${BUCKET}?list-type=2`, {}, region);

  const json = (code: string, message: string) => [403, null, "application/x-amz-json-1.1", JSON.stringify({ __type: code, message })];
  const restJson = (code: string, message: string) => [403, code, "application/json", JSON.stringify({ message })];
  const xml = (code: string, message: string, status = 403) => [
    status,
    null,
    "application/xml",
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>ID</RequestId></Error>`,
  ];
  const denied = (action: string, resource: string) =>
    `arn:aws:iam::123456789012:user/guest is not authorized to perform ${action} on ${resource}: no policy allows it`;

  const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const who = (caller: Principal, action = "GetCallerIdentity") =>
    ask(caller, "sts", "/", { method: "POST", body: `Action=${action}&Version=2011-06-15`, headers: form });
  const query = (status: number, type: string, code: string, message: string) => [
    status,
    null,
    "text/xml",
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<ErrorResponse><Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>ID</RequestId></ErrorResponse>`,
  ];

  it("returns errors to clients of the query protocol", async () => {
    assert.deepEqual(await who(nobody), query(403, "Sender", "InvalidClientTokenId", UNKNOWN));
    const unknown = "the local sts has no operation AssumeRole";
    assert.deepEqual(await who(guest, "AssumeRole"), query(501, "Receiver", "UnknownOperationException", unknown));
    const [, , , body] = await ask(guest, "rds", "/", { method: "POST", body: "Action=DescribeEvents", headers: form });
    assert.match(String(body), /<Message>the local cloud has no service rds<\/Message>/);
  });

  it("tells of an unknown access key in each service's own form", async () => {
    assert.deepEqual(await kinesis(nobody), json("UnrecognizedClientException", UNKNOWN));
    assert.deepEqual(await datasets(nobody), json("UnrecognizedClientException", UNKNOWN));
    assert.deepEqual(await events(nobody), restJson("UnrecognizedClientException", UNKNOWN));
    assert.deepEqual(await invoke(nobody), restJson("UnrecognizedClientException", UNKNOWN));
    assert.deepEqual(await list(nobody), xml("InvalidAccessKeyId", UNKNOWN));
  });

  it("tells of a missing permission in each service's own form", async () => {
    assert.deepEqual(await kinesis(guest), json("AccessDeniedException", denied("kinesis:ListShards", ARN)));
    assert.deepEqual(await events(guest), restJson("AccessDeniedException", denied("personalize:PutEvents", "*")));
    assert.deepEqual(await list(guest), xml("AccessDenied", denied("s3:ListBucket", `arn:aws:s3:::${BUCKET}`)));
  });

  it("tells of a signature for another region in each service's own form", async () => {
    const message = "The local cloud is in ap-southeast-1, the request is signed for eu-west-1";
    assert.deepEqual(await kinesis(cloud.owner, "eu-west-1"), json("InvalidSignatureException", message));
    assert.deepEqual(await list(cloud.owner, "eu-west-1"), xml("AuthorizationHeaderMalformed", message, 400));
  });

  it("names the type of a body that is not JSON", async () => {
    const headers = { "x-amz-target": "Kinesis_20131202.ListShards", "content-type": "application/x-amz-cbor-1.1" };
    const [status, , , body] = await ask(cloud.owner, "kinesis", "/", { method: "POST", body: "\u00bf", headers });
    const message = "a request's body must be JSON, got application/x-amz-cbor-1.1";
    assert.deepEqual([status, body], [400, JSON.stringify({ __type: "SerializationException", message })]);
  });

  it("has the form that the SDK expects, for HEAD and HTTP/2 too", async () => {
    const seen = async (call: (config: ReturnType<TestCloud["clientOf"]>) => Promise<unknown>) =>
      Promise.all(
        [nobody, guest].map(async (who) => {
          const error = await call(cloud.clientOf(who)).then(
            () => assert.fail("the call went through"),
            (e: Refused) => e,
          );
          assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
          return [error.name, error.$metadata.httpStatusCode, error.message.length > 0];
        }),
      );
    const record = { StreamARN: ARN, PartitionKey: "k", Data: Buffer.from("{}") };
    assert.deepEqual(await seen((config) => new KinesisClient(config).send(new PutRecordCommand(record))), [
      ["UnrecognizedClientException", 403, true],
      ["AccessDeniedException", 403, true],
    ]);
    const put = new PutEventsCommand({ trackingId: "t", sessionId: "s", eventList: [] });
    assert.deepEqual(await seen((config) => new PersonalizeEventsClient(config).send(put)), [
      ["UnrecognizedClientException", 403, true],
      ["AccessDeniedException", 403, true],
    ]);
    assert.deepEqual(await seen((config) => new S3Client(config).send(new ListObjectsV2Command({ Bucket: BUCKET }))), [
      ["InvalidAccessKeyId", 403, true],
      ["AccessDenied", 403, true],
    ]);
    const head = await seen((config) => new S3Client(config).send(new HeadObjectCommand({ Bucket: BUCKET, Key: "k" })));
    assert.deepEqual(
      head.map(([, status]) => status),
      [403, 403],
    );
  });
});
