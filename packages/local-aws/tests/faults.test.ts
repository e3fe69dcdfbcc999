import * as assert from "node:assert/strict";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import type { ActiveFault } from "../src/http/faults";
import { kinesis } from "../src/kinesis";
import { s3 } from "../src/s3";
import { type Json, ServiceError } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";
import { eventually } from "../testing/eventually";
import { createStream, iteratorOf, protocols, putTexts, readFrom } from "../testing/kinesis";

const THROTTLED = new ServiceError("ProvisionedThroughputExceededException", "Rate exceeded");
const put = { service: "kinesis", operation: "PutRecords" };
const SHARD = "shardId-000000000000";
const isLost = ({ name, $metadata }: Error & { $metadata?: { httpStatusCode?: number } }): boolean =>
  name !== "AssertionError" && $metadata?.httpStatusCode === undefined;

describe("the fault switch", () => {
  let cloud: TestCloud;
  let client: KinesisClient;
  let objects: S3Client;
  beforeEach(async () => {
    cloud = await withCloud([kinesis, s3]);
    await createStream(cloud, "events");
    await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket: "raw" }, "urn:pulumi:t::t::aws:s3/bucket:Bucket::raw");
    client = protocols["HTTP/2"](cloud);
    objects = new S3Client({ ...cloud.client, forcePathStyle: true, maxAttempts: 1 });
  });
  afterEach(async () => {
    client.destroy();
    objects.destroy();
    await cloud.stop();
  });
  const stored = async (): Promise<string[]> => {
    const iterator = await iteratorOf(client, { StreamName: "events", ShardId: SHARD, ShardIteratorType: "TRIM_HORIZON" });
    return (await readFrom(client, iterator)).texts;
  };
  const internal = (StreamName = "events"): Promise<unknown> =>
    cloud.cloud.call(cloud.owner, "kinesis", "PutRecords", { StreamName, Records: [{ Data: "aQ==", PartitionKey: "p" }] });

  it("answers with an error in the service's own form, over HTTP and between services", async () => {
    cloud.faults.inject({ ...put, kind: THROTTLED });
    cloud.faults.inject({ service: "s3", operation: "GET /{Bucket}/{Key+}", kind: new ServiceError("SlowDown", "Reduce your rate", 503) });
    await assert.rejects(putTexts(client, "events", ["a"]), { name: THROTTLED.code, message: "Rate exceeded" });
    await assert.rejects(internal(), THROTTLED);
    await objects.send(new PutObjectCommand({ Bucket: "raw", Key: "k", Body: "a" }));
    await assert.rejects(objects.send(new GetObjectCommand({ Bucket: "raw", Key: "k" })), (error: Error & { $metadata: Json }) => {
      assert.deepEqual([error.name, error.message, error.$metadata.httpStatusCode], ["SlowDown", "Reduce your rate", 503]);
      return true;
    });
    assert.deepEqual(await stored(), []);
  });

  it("strikes the nth to the mth of the calls that it is about", async () => {
    const when = ({ Records }: Json) => (Records as { PartitionKey: string }[])[0].PartitionKey.startsWith("x");
    const fault = cloud.faults.inject({ ...put, kind: THROTTLED, when, from: 2, to: 3 });
    const texts = ["x1", "a", "x2", "b", "x3", "x4"];
    const results = [];
    for (const text of texts) results.push(await putTexts(client, "events", [text]).then(Boolean, () => false));
    assert.deepEqual(results, [true, true, false, true, false, true]);
    assert.equal(fault.injected, 2);
    assert.deepEqual(await stored(), ["x1", "a", "b", "x4"]);
  });

  it("lets the fault that was switched on first strike, until it is lifted", async () => {
    const first = cloud.faults.inject({ ...put, kind: THROTTLED });
    const second = cloud.faults.inject({ ...put, kind: new ServiceError("KMSThrottlingException", "slow") });
    await assert.rejects(internal(), THROTTLED);
    first.remove();
    await assert.rejects(internal(), { name: "KMSThrottlingException" });
    cloud.faults.clear();
    await internal();
    assert.deepEqual([first.injected, second.injected], [1, 1]);
  });

  for (const [protocol, make] of Object.entries(protocols)) {
    it(`drops the connection before or after the operation over ${protocol}`, async () => {
      const caller = make(cloud);
      cloud.faults.inject({ ...put, kind: "disconnect", to: 1 });
      cloud.faults.inject({ ...put, kind: "loseAnswer", from: 2, to: 2 });
      await assert.rejects(putTexts(caller, "events", ["before"]), isLost);
      await assert.rejects(putTexts(caller, "events", ["after"]), isLost);
      await putTexts(caller, "events", ["late"]);
      caller.destroy();
      assert.deepEqual(await stored(), ["after", "late"]);
    });

    it(`is silent over ${protocol} until the fault is lifted`, async () => {
      const caller = make(cloud);
      const fault = cloud.faults.inject({ ...put, kind: "silence" });
      let ended = false;
      const call = assert.rejects(putTexts(caller, "events", ["a"]), isLost).finally(() => (ended = true));
      await struckOnce(fault);
      await stored();
      assert.equal(ended, false);
      fault.remove();
      await call;
      caller.destroy();
      assert.deepEqual(await stored(), []);
    });
  }

  it("breaks off the download of an object whose answer is lost", async () => {
    await objects.send(new PutObjectCommand({ Bucket: "raw", Key: "k", Body: "a" }));
    cloud.faults.inject({ service: "s3", operation: "GET /{Bucket}/{Key+}", kind: "loseAnswer" });
    await assert.rejects(objects.send(new GetObjectCommand({ Bucket: "raw", Key: "k" })), isLost);
  });

  it("is an error that passes between services", async () => {
    cloud.faults.inject({ ...put, kind: "disconnect", to: 1 });
    cloud.faults.inject({ ...put, kind: "loseAnswer", from: 2, to: 2 });
    const lost = { name: "ConnectionLost", message: "the connection of kinesis PutRecords was lost", status: 503 };
    await assert.rejects(internal(), lost);
    await assert.rejects(internal(), lost);
    assert.equal((await stored()).length, 1);
  });

  it("ends silence between services when the cloud stops", async () => {
    const fault = cloud.faults.inject({ ...put, kind: "silence" });
    const call = assert.rejects(internal(), { name: "ConnectionLost" });
    await struckOnce(fault);
    await cloud.stop();
    await call;
    cloud = await withCloud([]);
  });

  it("does not apply to calls that are denied", async () => {
    const fault = cloud.faults.inject({ ...put, kind: "loseAnswer" });
    const stranger = new KinesisClient(cloud.clientOf(cloud.user("stranger", [])));
    await assert.rejects(putTexts(stranger, "events", ["a"]), { name: "AccessDeniedException" });
    stranger.destroy();
    assert.equal(fault.injected, 0);
  });

  it("refuses a service or an operation that is not known", () => {
    assert.throws(() => cloud.faults.inject({ service: "sqs", operation: "SendMessage", kind: "silence" }), /has no service sqs/);
    assert.throws(
      () => cloud.faults.inject({ ...put, operation: "PutRecord5", kind: "silence" }),
      /local kinesis has no operation PutRecord5/,
    );
  });
});

const struckOnce = (fault: ActiveFault): Promise<void> => eventually(() => assert.equal(fault.injected, 1));
