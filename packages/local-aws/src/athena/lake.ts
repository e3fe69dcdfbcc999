import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Cloud, Json, Principal } from "../service";
import type { Location } from "./location";

/** An object as a listing names it. */
export interface LakeObject extends Location {
  /** Bytes. */
  size: number;
}

/** S3 with the permissions of the query's caller. */
export class Lake {
  private readonly known = new Set<string>();

  constructor(
    private readonly cloud: Pick<Cloud, "call">,
    private readonly caller: Principal,
  ) {}

  /** Objects whose key starts with the location's, in order of key. */
  async list({ bucket, key }: Location, limit = Infinity): Promise<LakeObject[]> {
    await this.locate(bucket);
    const found: LakeObject[] = [];
    for (let token: unknown; ;) {
      const page = { "list-type": "2", prefix: key, ...(token === undefined ? {} : { "continuation-token": token }) };
      const { output } = await this.cloud.call(this.caller, "s3", "GET /{Bucket}?list-type", { Bucket: bucket, ...page });
      const { Contents, NextContinuationToken } = output?.ListBucketResult as { Contents: Json[]; NextContinuationToken?: string };
      found.push(...Contents.map(({ Key, Size }) => ({ bucket, key: String(Key), size: Number(Size) })));
      if (NextContinuationToken === undefined || found.length >= limit) return found;
      token = NextContinuationToken;
    }
  }

  /** @param from first byte */
  async read({ bucket, key }: Location, from = 0): Promise<Readable> {
    const headers = from === 0 ? {} : { range: `bytes=${from}-` };
    const { body } = await this.cloud.call(this.caller, "s3", "GET /{Bucket}/{Key+}", { Bucket: bucket, Key: key, headers });
    return body instanceof Readable ? body : Readable.from(body === undefined ? [] : [body]);
  }

  /**
   * Writes a file as an object.
   *
   * @param owner account that must own the bucket
   */
  async put({ bucket, key }: Location, file: string, owner?: string): Promise<void> {
    await this.locate(bucket);
    const { size } = await stat(file);
    const expected = owner === undefined ? {} : { "x-amz-expected-bucket-owner": owner };
    const headers = { "content-length": String(size), "content-type": "application/octet-stream", ...expected };
    const body = createReadStream(file);
    try {
      await this.cloud.call(this.caller, "s3", "PUT /{Bucket}/{Key+}", { Bucket: bucket, Key: key, headers }, body);
    } finally {
      body.destroy();
    }
  }

  /** Athena reads every bucket's location first: https://docs.aws.amazon.com/athena/latest/ug/s3-permissions.html */
  private async locate(bucket: string): Promise<void> {
    if (this.known.has(bucket)) return;
    await this.cloud.call(this.caller, "s3", "GET /{Bucket}?location", { Bucket: bucket });
    this.known.add(bucket);
  }
}
