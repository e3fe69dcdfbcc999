import type { Calls } from "../calls";
import { listObjects } from "../listObjects";
import type { ObjectPorts, Written } from "./objectWriter";
import { addressOf, type Connection, makeReader } from "../reader";
import { makeUpload } from "../upload";

/** Where a run keeps what one invocation made and the next one needs. */
export interface Workplace {
  /** `s3://` address of something of a name. */
  uri(name: string): string;
  /** What is there, by name. */
  list(): Promise<Map<string, Written>>;
  /** How something of a name is written, whatever is there. */
  object(name: string): ObjectPorts;
  /** All bytes of something small. */
  read(name: string): Promise<Buffer>;
}

/**
 * @param location `s3://` address, ends with a slash
 * @param runId whose work it is
 */
export function makeWorkplace({ sdk, client }: Connection, calls: Calls, location: string, runId: string): Workplace {
  const { bucket: Bucket, key: Prefix } = addressOf(`${location}${runId}/`);
  const reader = makeReader({ sdk, client }, calls);
  return {
    uri: (name) => `s3://${Bucket}/${Prefix}${name}`,
    list: async () => {
      const found = new Map<string, Written>();
      for await (const { key, etag, size } of listObjects({ sdk, client }, calls, Bucket, Prefix)) {
        found.set(key.slice(Prefix.length), { etag, size });
      }
      return found;
    },
    object: (name) => {
      const place = { Bucket, Key: `${Prefix}${name}` };
      return {
        put: async (Body) => (await calls.make((options) => client.send(new sdk.PutObjectCommand({ ...place, Body }), options))).ETag ?? "",
        create: async () => {
          const { UploadId } = await calls.make((options) => client.send(new sdk.CreateMultipartUploadCommand(place), options));
          return makeUpload({ sdk, client }, calls, { ...place, UploadId }, false);
        },
      };
    },
    read: async (name) => (await reader.all(`s3://${Bucket}/${Prefix}${name}`)).bytes,
  };
}
