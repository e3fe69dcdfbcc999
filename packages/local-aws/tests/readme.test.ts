import * as assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { writeProgram } from "@c360/local-pulumi/testing";
import type { RunningCloud } from "../src/cloud";

const PROGRAM = `import * as aws from "@pulumi/aws";
const bucket = new aws.s3.Bucket("orders", {});
export const bucketName = bucket.bucket;
`;

/** What the README's code exports. */
interface Snippet {
  deployLocally: (
    programDir: string,
    stateDir: string,
  ) => Promise<{ running: RunningCloud; outputs: Record<string, unknown>; client: S3ClientConfig }>;
}

describe("the README of @c360/local-aws", () => {
  it("shows code that deploys a program to a cloud, which SDK clients then call", async () => {
    const readme = await readFile(join(__dirname, "../README.md"), "utf8");
    const [, code] = /```ts\n(.*?)```/s.exec(readme) ?? [];
    assert.ok(code, "the README must have code");
    const program = writeProgram(PROGRAM, { "deployLocally.ts": code });
    const stateDir = await mkdtemp(join(tmpdir(), "local-aws-test-"));
    try {
      const { deployLocally } = (await import(join(program.programDir, "deployLocally"))) as Snippet;
      const { running, outputs, client } = await deployLocally(program.programDir, stateDir);
      try {
        const order = { Bucket: String(outputs.bucketName), Key: "2026/1.json" };
        assert.match(order.Bucket, /^orders-[0-9a-f]{7}$/);
        const s3 = new S3Client(client);
        await s3.send(new PutObjectCommand({ ...order, Body: "one order" }));
        const { Body } = await s3.send(new GetObjectCommand(order));
        assert.equal(await Body?.transformToString(), "one order");
      } finally {
        await running.stop();
      }
    } finally {
      program.remove();
      await rm(stateDir, { recursive: true, force: true });
    }
  });
});
