import type { Policy } from "../service";
import { Blobs } from "./blobs";
import { noSuchBucket, noSuchUpload } from "./errors";
import { KeyIndex } from "./listing";
import type { Bucket, StoredObject, StoredPart, Upload } from "./types";

/** All metadata, in memory. Each change is made at once, so what a change checked still holds when it is made. */
export class Catalog {
  readonly buckets = new Map<string, Bucket>();
  readonly uploads = new Map<string, Upload>();
  readonly blobs: Blobs;

  /** @param folder absolute path of the objects' bytes, asked for at the first write */
  constructor(folder: () => string) {
    this.blobs = new Blobs(folder);
  }

  /** @throws ServiceError NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw noSuchBucket(name);
    return bucket;
  }

  /** @throws ServiceError NoSuchUpload, also when the upload is for another key */
  upload(id: string, bucket: string, key: string): Upload {
    const upload = this.uploads.get(id);
    if (!upload || upload.bucket !== bucket || upload.key !== key) throw noSuchUpload(id);
    return upload;
  }

  addBucket(name: string): void {
    this.buckets.set(name, { name, objects: new Map(), keys: new KeyIndex() });
  }

  setPolicy(bucket: string, policy: Policy): void {
    this.bucket(bucket).policy = policy;
  }

  /** Puts an object in its key's place. */
  put(bucketName: string, key: string, object: StoredObject): void {
    const { objects, keys } = this.bucket(bucketName);
    this.blobs.retain(object.segments);
    this.blobs.release(objects.get(key)?.segments ?? []);
    objects.set(key, object);
    keys.add(key);
  }

  delete(bucketName: string, key: string): void {
    const { objects, keys } = this.bucket(bucketName);
    this.blobs.release(objects.get(key)?.segments ?? []);
    objects.delete(key);
    keys.delete(key);
  }

  /** Adds a part, or replaces the one of its number. */
  addPart({ parts }: Upload, part: StoredPart): void {
    this.blobs.retain(part.segments);
    this.blobs.release(parts.get(part.number)?.segments ?? []);
    parts.set(part.number, part);
  }

  /** Removes a completed or aborted upload. */
  removeUpload({ id, parts }: Upload): void {
    for (const { segments } of parts.values()) this.blobs.release(segments);
    this.uploads.delete(id);
  }
}
