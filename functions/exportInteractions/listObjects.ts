import type { Calls } from "./calls";
import type { Connection } from "./reader";

/** An object as a listing shows it. */
export interface Listed {
  key: string;
  /** As S3 gives it, in quotes. */
  etag: string;
  size: number;
}

/** Every object below a prefix, in the order of the keys. */
export async function* listObjects({ sdk, client }: Connection, calls: Calls, Bucket: string, Prefix: string): AsyncGenerator<Listed> {
  let ContinuationToken: string | undefined;
  do {
    const command = new sdk.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken });
    const page = await calls.make((options) => client.send(command, options));
    for (const { Key: key = "", ETag: etag = "", Size: size = 0 } of page.Contents ?? []) yield { key, etag, size };
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}
