import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { BUCKET, withS3, type TestS3 } from "./support/s3";

const OBJECTS = `arn:aws:s3:::${BUCKET}`;

describe("S3 access", () => {
  let s3: TestS3;
  const clients: S3Client[] = [];
  /** A client of a new role with one allowed statement an entry. */
  const as = async (name: string, ...allowed: [actions: string[], resource: string, condition?: object][]): Promise<S3Client> => {
    const trust = { Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }] };
    const role = await s3.cloud.create("aws:iam/role:Role", { name, assumeRolePolicy: trust }, `urn:${name}`);
    const Statement = allowed.map(([Action, Resource, Condition]) => ({
      Effect: "Allow",
      Action,
      Resource,
      ...(Condition && { Condition }),
    }));
    await s3.cloud.create("aws:iam/rolePolicy:RolePolicy", { name, role: name, policy: { Statement } }, `urn:${name}-policy`);
    const client = new S3Client({ ...s3.clientOf(s3.cloud.assume(String(role.state.arn), "lambda.amazonaws.com")), maxAttempts: 1 });
    clients.push(client);
    return client;
  };
  const at = (Key: string) => ({ Bucket: BUCKET, Key });
  const denied = (action: RegExp) => ({ name: "AccessDenied", message: action });
  before(async () => {
    s3 = await withS3();
    for (const name of ["in/a", "in/b", "out/c"]) await s3.s3.send(new PutObjectCommand({ ...at(name), Body: name }));
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await s3.stop();
  });

  it("tells that a key is absent only to those who may list it", async () => {
    const reader = await as("reader", [["s3:GetObject"], `${OBJECTS}/*`]);
    await reader.send(new GetObjectCommand(at("in/a")));
    await assert.rejects(reader.send(new GetObjectCommand(at("in/none"))), denied(/s3:ListBucket/));
    const condition = { StringLike: { "s3:prefix": ["in/*"] } };
    const lister = await as("lister", [["s3:GetObject"], `${OBJECTS}/*`], [["s3:ListBucket"], OBJECTS, condition]);
    await assert.rejects(lister.send(new GetObjectCommand(at("in/none"))), { name: "NoSuchKey" });
    await assert.rejects(lister.send(new HeadObjectCommand(at("in/none"))), { name: "NotFound" });
    await assert.rejects(lister.send(new GetObjectCommand(at("out/none"))), denied(/s3:ListBucket/));
    assert.equal((await lister.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: "in/" }))).KeyCount, 2);
    await assert.rejects(lister.send(new ListObjectsV2Command({ Bucket: BUCKET })), denied(/s3:ListBucket/));
  });

  it("asks a copy for both its source and its target", async () => {
    const { UploadId } = await s3.s3.send(new CreateMultipartUploadCommand(at("out/copy")));
    const copy = (client: S3Client, from: string) =>
      client.send(new UploadPartCopyCommand({ ...at("out/copy"), UploadId, PartNumber: 1, CopySource: `${BUCKET}/${from}` }));
    const writer = await as("writer", [["s3:PutObject"], `${OBJECTS}/out/*`]);
    await assert.rejects(copy(writer, "in/a"), denied(/s3:GetObject on arn:aws:s3:::shop-data\/in\/a/));
    const copier = await as("copier", [["s3:PutObject"], `${OBJECTS}/out/*`], [["s3:GetObject"], `${OBJECTS}/in/a`]);
    await copy(copier, "in/a");
    await assert.rejects(copy(copier, "in/b"), denied(/s3:GetObject/));
  });

  it("asks a multipart upload for PutObject, and for GetObject to compare an ETag", async () => {
    const uploader = await as("uploader", [["s3:PutObject"], `${OBJECTS}/out/*`]);
    const { UploadId } = await uploader.send(new CreateMultipartUploadCommand(at("out/m")));
    const { ETag } = await uploader.send(new UploadPartCommand({ ...at("out/m"), UploadId, PartNumber: 1, Body: "x" }));
    const complete = (more: object) =>
      uploader.send(
        new CompleteMultipartUploadCommand({ ...at("out/m"), UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] }, ...more }),
      );
    await assert.rejects(complete({ IfMatch: '"x"' }), denied(/s3:GetObject/));
    await complete({ IfNoneMatch: "*" });
  });

  it("decides on each key of a deletion", async () => {
    const deleter = await as("deleter", [["s3:DeleteObject"], `${OBJECTS}/in/*`]);
    const Objects = ["in/b", "out/c"].map((Key) => ({ Key }));
    const { Deleted, Errors } = await deleter.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } }));
    assert.deepEqual(
      [Deleted?.map(({ Key }) => Key), Errors?.map(({ Key, Code }) => [Key, Code])],
      [["in/b"], [["out/c", "AccessDenied"]]],
    );
    await s3.s3.send(new HeadObjectCommand(at("out/c")));
  });

  it("heeds the bucket's policy, as an object or as JSON", async () => {
    const nobody = await as("nobody", [["s3:ListAllMyBuckets"], "*"]);
    const put = (Key: string) => nobody.send(new PutObjectCommand({ ...at(Key), Body: "x" }));
    await assert.rejects(put("out/d"), denied(/s3:PutObject/));
    const arn = "arn:aws:iam::123456789012:role/nobody";
    const statement = { Effect: "Allow", Principal: { AWS: arn }, Action: "s3:PutObject", Resource: `${OBJECTS}/out/*` };
    const policy = (document: unknown) =>
      s3.cloud.create("aws:s3/bucketPolicy:BucketPolicy", { bucket: BUCKET, policy: document }, "urn:policy");
    await policy({ Version: "2012-10-17", Statement: [statement] });
    await put("out/d");
    await policy(JSON.stringify({ Statement: { ...statement, Effect: "Deny", Principal: "*" } }));
    await assert.rejects(put("out/e"), denied(/explicit deny/));
    await assert.rejects(s3.s3.send(new PutObjectCommand({ ...at("out/e"), Body: "x" })), denied(/explicit deny/));
    await s3.s3.send(new PutObjectCommand({ ...at("in/e"), Body: "x" }));
    await assert.rejects(policy({ Statement: { ...statement, Resource: "arn:aws:s3:::other/*" } }), /arn:aws:s3:::other/);
    await assert.rejects(policy({ Statement: { ...statement, Principal: undefined } }), /Principal/);
    await assert.rejects(policy("{"), /must be JSON/);
  });
});

describe("S3 resources", () => {
  let s3: TestS3;
  before(async () => {
    s3 = await withS3();
  });
  after(() => s3.stop());

  it("give a bucket its names", async () => {
    const created = await s3.cloud.create(
      "aws:s3/bucket:Bucket",
      { tags: { stage: "dev" } },
      "urn:pulumi:dev::p::aws:s3/bucket:Bucket::Logs",
    );
    assert.match(created.id, /^logs-[0-9a-f]{7}$/);
    assert.deepEqual(created.state, {
      bucket: created.id,
      region: "ap-southeast-1",
      arn: `arn:aws:s3:::${created.id}`,
      id: created.id,
      bucketDomainName: `${created.id}.s3.amazonaws.com`,
      bucketRegion: "ap-southeast-1",
      bucketRegionalDomainName: `${created.id}.s3.ap-southeast-1.amazonaws.com`,
      tagsAll: { stage: "dev" },
    });
    await assert.rejects(s3.cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKET }, "urn:again"), { code: "BucketAlreadyOwnedByYou" });
    for (const bucket of ["ab", "Upper", "a..b", "1.2.3.4", "dash-", "x-s3alias", "a".repeat(64)]) {
      assert.throws(() => s3.cloud.check("aws:s3/bucket:Bucket", { bucket }), new RegExp(`got "${bucket}"$`));
    }
    assert.throws(() => s3.cloud.check("aws:s3/bucket:Bucket", { acl: "private" }), /input acl/);
    assert.throws(() => s3.cloud.check("aws:s3/bucket:Bucket", { region: "eu-west-1" }), /region must be ap-southeast-1/);
  });

  const settings: [type: string, inputs: object, wrong: object, message: RegExp][] = [
    [
      "bucketPublicAccessBlock:BucketPublicAccessBlock",
      { blockPublicAcls: true },
      { blockPublicAcls: 1 },
      /blockPublicAcls must be a boolean/,
    ],
    [
      "bucketOwnershipControls:BucketOwnershipControls",
      { rule: { objectOwnership: "BucketOwnerEnforced" } },
      { rule: { objectOwnership: "Me" } },
      /rule\.objectOwnership must be one of .*"Me"/,
    ],
    [
      "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" }, bucketKeyEnabled: true }] },
      { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "DES" } }] },
      /rules\[0\]\.applyServerSideEncryptionByDefault\.sseAlgorithm/,
    ],
    [
      "bucketVersioning:BucketVersioning",
      { versioningConfiguration: { status: "Enabled" } },
      { versioningConfiguration: { state: "Enabled" } },
      /input state/,
    ],
    [
      "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
      {
        rules: [
          { id: "a", status: "Enabled", filter: {}, expiration: { days: 7 }, abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
        ],
      },
      { rules: [{ id: "a", status: "Enabled", expiration: { days: 0 } }] },
      /rules\[0\]\.expiration\.days must be at least 1, got 0/,
    ],
    [
      "bucketLogging:BucketLogging",
      { targetBucket: BUCKET, targetPrefix: "logs/" },
      { targetBucket: 7 },
      /targetBucket must be a string, got 7/,
    ],
  ];
  for (const [name, inputs, wrong, message] of settings) {
    it(`check ${name.split(":")[1]}`, async () => {
      const type = `aws:s3/${name}`;
      assert.deepEqual(await s3.cloud.create(type, { bucket: BUCKET, ...inputs }, "urn:setting"), { id: BUCKET, state: {} });
      assert.throws(() => s3.cloud.check(type, { bucket: BUCKET, ...wrong }), message);
      s3.cloud.check(type, {});
      await assert.rejects(s3.cloud.create(type, { bucket: "nowhere", ...inputs }, "urn:setting"), { code: "NoSuchBucket" });
    });
  }
});
