import { strict as assert } from "node:assert";
import { kinesis } from "../src/kinesis";
import { type TestCloud, withCloud } from "../testing/cloud";

const TYPE = "aws:kinesis/stream:Stream";
const GET_STREAM = "aws:kinesis/getStream:getStream";
const urn = (name: string) => `urn:pulumi:local::test::${TYPE}::${name}`;

describe("the local Kinesis's resource type", () => {
  let cloud: TestCloud;
  before(async () => void (cloud = await withCloud([kinesis])));
  after(() => cloud.stop());

  it("fills in the provider's outputs", async () => {
    const inputs = { name: "shop-events", shardCount: 2, tags: { tenant: "shop" } };
    const { id, state } = await cloud.cloud.create(TYPE, inputs, urn("events"));
    assert.equal(id, "arn:aws:kinesis:ap-southeast-1:123456789012:stream/shop-events");
    assert.deepEqual(state, {
      arn: id,
      name: "shop-events",
      region: "ap-southeast-1",
      streamModeDetails: { streamMode: "PROVISIONED" },
      shardCount: 2,
      retentionPeriod: 24,
      encryptionType: "NONE",
      maxRecordSizeInKib: 1024,
      tagsAll: { tenant: "shop" },
    });
  });

  it("is looked up with its open shards, and an absent stream is a service's answer", async () => {
    await cloud.cloud.create(TYPE, { name: "looked-up", streamModeDetails: { streamMode: "ON_DEMAND" } }, urn("looked-up"));
    const { openShards, streamModeDetails } = cloud.registry.invoke(GET_STREAM, { name: "looked-up" });
    assert.deepEqual(
      openShards,
      ["0", "1", "2", "3"].map((index) => `shardId-${index.padStart(12, "0")}`),
    );
    assert.deepEqual(streamModeDetails, [{ streamMode: "ON_DEMAND" }]);
    assert.throws(() => cloud.registry.invoke(GET_STREAM, { name: "absent" }), { name: "ResourceNotFoundException" });
    assert.throws(() => cloud.registry.invoke(GET_STREAM, { name: "looked-up", tags: {} }), /does not know the input tags$/);
    assert.throws(() => cloud.registry.invoke(GET_STREAM, {}), /name must be a stream's name, got undefined$/);
  });

  it("names a stream that has no name after its resource, always the same", async () => {
    const inputs = { streamModeDetails: { streamMode: "ON_DEMAND" } };
    const { state } = await cloud.cloud.create(TYPE, inputs, urn("feed"));
    assert.match(String(state.name), /^feed-[0-9a-f]{7}$/);
    await assert.rejects(cloud.cloud.create(TYPE, inputs, urn("feed")), /Stream "feed-\w+": name must be unique in account 123456789012/);
  });

  it("demands at creation what a preview may not know yet", async () => {
    cloud.cloud.check(TYPE, { name: "later", encryptionType: "KMS" });
    await assert.rejects(cloud.cloud.create(TYPE, { name: "none" }, urn("none")), /Stream "none": shardCount must be given/);
    await assert.rejects(
      cloud.cloud.create(TYPE, { name: "kms", shardCount: 1, encryptionType: "KMS" }, urn("kms")),
      /Stream "kms": kmsKeyId must be given with encryptionType KMS/,
    );
    await assert.rejects(
      cloud.cloud.create(TYPE, { name: "wide", shardCount: 1001 }, urn("wide")),
      /Stream "wide": shardCount must be at most 1000 in the local cloud, got 1001/,
    );
  });

  it("refuses an unknown input and every wrong value by name", () => {
    const cases: [object, RegExp][] = [
      [{ warmThroughputMibPs: 2 }, /the input warmThroughputMibPs/],
      [{ name: "a b" }, /Stream "a b": name must be 1 to 128/],
      [{ shardCount: 0 }, /shardCount must be at least 1, got 0$/],
      [{ shardCount: "1" }, /shardCount must be a number, got "1"$/],
      [{ retentionPeriod: 23 }, /Stream: retentionPeriod must be at least 24, got 23$/],
      [{ retentionPeriod: 8761 }, /at most 8760, got 8761$/],
      [{ maxRecordSizeInKib: 1024.5 }, /maxRecordSizeInKib must be a whole number, got 1024\.5$/],
      [{ streamModeDetails: { streamMode: "BURST" } }, /streamModeDetails\.streamMode must be one of PROVISIONED, ON_DEMAND, got "BURST"/],
      [{ streamModeDetails: { mode: "ON_DEMAND" } }, /streamModeDetails: the local cloud does not know the input mode/],
      [{ streamModeDetails: { streamMode: "ON_DEMAND" }, shardCount: 1 }, /shardCount must be left out with ON_DEMAND, got 1/],
      [{ encryptionType: "AES256" }, /encryptionType must be one of NONE, KMS, got "AES256"/],
      [{ encryptionType: "KMS", kmsKeyId: "alias/mine" }, /kmsKeyId must be alias\/aws\/kinesis in the local cloud, got "alias\/mine"/],
      [{ encryptionType: "NONE", kmsKeyId: "alias/aws/kinesis" }, /kmsKeyId must be left out without encryption/],
      [{ shardLevelMetrics: ["ALL"] }, /shardLevelMetrics\[0\] must be one of IncomingBytes, .* got "ALL"$/],
    ];
    for (const [inputs, expected] of cases) assert.throws(() => cloud.cloud.check(TYPE, { ...inputs }), expected);
  });
});
