import * as assert from "node:assert/strict";
import { sts } from "../src/sts";
import type { Principal } from "../src/service";
import { type TestCloud, withCloud } from "../testing/cloud";

const ACCOUNT = "123456789012";

describe("the local STS", () => {
  let cloud: TestCloud;
  before(async () => {
    cloud = await withCloud([sts]);
    const Statement = [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }];
    await cloud.cloud.create("aws:iam/role:Role", { name: "worker", assumeRolePolicy: { Version: "2012-10-17", Statement } }, "urn:r");
  });
  after(() => cloud.stop());

  const askedBy = async ({ credentials: { accessKeyId } }: Principal): Promise<string> => {
    const scope = `${accessKeyId}/20260131/${cloud.cloud.region}/sts/aws4_request`;
    const response = await fetch(cloud.cloud.endpoint, {
      method: "POST",
      body: new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }),
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` },
    });
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/xml"]);
    return (await response.text()).replace(response.headers.get("x-amzn-requestid") ?? "", "ID");
  };
  const told = (arn: string, userId: string): string =>
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
    `<Arn>${arn}</Arn><UserId>${userId}</UserId><Account>${ACCOUNT}</Account>` +
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>";

  it("tells owner, users and roles who they are, without any permission", async () => {
    const worker = cloud.cloud.assume(`arn:aws:iam::${ACCOUNT}:role/worker`, "lambda.amazonaws.com");
    const callers: [Principal, string][] = [
      [cloud.owner, `arn:aws:iam::${ACCOUNT}:root`],
      [cloud.user("guest", []), `arn:aws:iam::${ACCOUNT}:user/guest`],
      [worker, `arn:aws:sts::${ACCOUNT}:assumed-role/worker/${worker.credentials.accessKeyId}`],
    ];
    for (const [caller, arn] of callers) assert.equal(await askedBy(caller), told(arn, caller.credentials.accessKeyId));
  });
});
