import { S3Client } from "@aws-sdk/client-s3";
import { once } from "node:events";
import * as http from "node:http";
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { s3 } from "../../src/s3";
import { withCloud, type TestCloud } from "../../testing/cloud";

/** A cloud with S3, a bucket and a client of the account's owner. */
export interface TestS3 extends TestCloud {
  s3: S3Client;
  /** Sends a request that an SDK would not make. */
  raw: (method: string, path: string, headers?: http.OutgoingHttpHeaders, body?: Buffer | string) => Promise<Answer>;
  /** Names of the files that hold objects' bytes. */
  blobs: () => Promise<string[]>;
}

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

export const BUCKET = "shop-data";

/** Starts a cloud with S3 and the bucket `shop-data`. */
export async function withS3(): Promise<TestS3> {
  const cloud = await withCloud([s3]);
  await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKET }, "urn:bucket");
  const client = new S3Client({ ...cloud.client, maxAttempts: 1 });
  return {
    ...cloud,
    s3: client,
    raw: async (method, path, headers = {}, body = "") => {
      const request = openRequest(cloud, method, path, { "content-length": Buffer.byteLength(body), ...headers });
      request.end(body);
      const [response] = (await once(request, "response")) as [http.IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
      return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
    },
    blobs: () => readdir(join(cloud.stateDir, "s3", "blobs")),
    stop: async () => {
      client.destroy();
      await cloud.stop();
    },
  };
}

/** Starts a signed request whose body the caller writes. */
export function openRequest(cloud: TestCloud, method: string, path: string, headers: http.OutgoingHttpHeaders): http.ClientRequest {
  const { accessKeyId } = cloud.client.credentials;
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/${cloud.client.region}/s3/aws4_request, SignedHeaders=host, Signature=0`;
  return http.request(`${cloud.client.endpoint}${path}`, { method, headers: { authorization, ...headers } });
}
