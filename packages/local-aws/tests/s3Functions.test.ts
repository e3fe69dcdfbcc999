import * as assert from "node:assert/strict";
import { BUCKET, withS3, type TestS3 } from "./support/s3";

const GET_BUCKET = "aws:s3/getBucket:getBucket";

describe("S3 functions", () => {
  let s3: TestS3;
  before(async () => (s3 = await withS3()));
  after(() => s3.stop());

  it("look a bucket up", () => {
    const { arn, id, region } = s3.registry.invoke(GET_BUCKET, { bucket: BUCKET });
    assert.deepEqual({ arn, id, region }, { arn: `arn:aws:s3:::${BUCKET}`, id: BUCKET, region: "ap-southeast-1" });
  });

  it("tell of an absent bucket as a service's answer", () => {
    assert.throws(() => s3.registry.invoke(GET_BUCKET, { bucket: "absent" }), {
      name: "NotFound",
      message: "reading S3 Bucket (absent): couldn't find resource",
    });
  });

  const refused: [inputs: Record<string, unknown>, message: RegExp][] = [
    [{ bucket: BUCKET, tags: {} }, /does not know the input tags$/],
    [{ bucket: BUCKET, region: "eu-west-1" }, /^Error: region must be ap-southeast-1, got "eu-west-1"$/],
    [{}, /^Error: bucket must be a bucket's name, got undefined$/],
  ];
  for (const [inputs, message] of refused) {
    it(`refuse ${JSON.stringify(inputs)}`, () => assert.throws(() => s3.registry.invoke(GET_BUCKET, inputs), message));
  }
});
