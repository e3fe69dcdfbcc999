import type { Store } from "../service";
import { Blobs } from "./blobs";
import { noSuchBucket, noSuchUpload } from "./errors";
import { KeyIndex } from "./keyIndex";
import type { Bucket, Entry, Upload } from "./types";
import { join } from "node:path";

const JOURNAL = "journal";

/** All metadata, in memory; a change is in the journal before anyone sees it. */
export class Catalog {
  readonly buckets = new Map<string, Bucket>();
  readonly uploads = new Map<string, Upload>();
  readonly blobs: Blobs;
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(private readonly store: Store) {
    this.blobs = new Blobs(() => join(store.folder, "blobs"));
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

  /** Runs changes of one key one after the other, so that what a change checks still holds when it is made. */
  async locked<T>(bucket: string, key: string, change: () => Promise<T>): Promise<T> {
    const name = `${bucket}/${key}`;
    const turn = (this.turns.get(name) ?? Promise.resolve()).then(change, change);
    this.turns.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.turns.get(name) === turn) this.turns.delete(name);
    }
  }

  async commit(entry: Entry): Promise<void> {
    await this.store.append(JOURNAL, { ...entry });
    this.apply(entry);
  }

  async restore(): Promise<void> {
    await this.blobs.restore(async () => {
      for await (const entry of this.store.replay(JOURNAL)) this.apply(entry as Entry);
    });
  }

  private apply(entry: Entry): void {
    switch (entry.op) {
      case "bucket":
        this.buckets.set(entry.bucket, { name: entry.bucket, created: entry.created, objects: new Map(), keys: new KeyIndex() });
        break;
      case "policy":
        this.bucket(entry.bucket).policy = entry.policy;
        break;
      case "object":
        this.blobs.retain(entry.object.segments);
        this.remove(entry.bucket, entry.key);
        this.bucket(entry.bucket).objects.set(entry.key, entry.object);
        this.bucket(entry.bucket).keys.add(entry.key);
        if (entry.uploadId !== undefined) this.forget(entry.uploadId);
        break;
      case "delete":
        this.remove(entry.bucket, entry.key);
        this.bucket(entry.bucket).keys.delete(entry.key);
        break;
      case "upload":
        this.uploads.set(entry.upload.id, { ...entry.upload, parts: new Map() });
        break;
      case "part": {
        const parts = this.uploads.get(entry.uploadId)?.parts;
        this.blobs.retain(entry.part.segments);
        this.blobs.release(parts?.get(entry.part.number)?.segments ?? []);
        parts?.set(entry.part.number, entry.part);
        break;
      }
      case "abort":
        this.forget(entry.uploadId);
        break;
    }
  }

  private remove(bucket: string, key: string): void {
    const { objects } = this.bucket(bucket);
    this.blobs.release(objects.get(key)?.segments ?? []);
    objects.delete(key);
  }

  private forget(uploadId: string): void {
    for (const part of this.uploads.get(uploadId)?.parts.values() ?? []) this.blobs.release(part.segments);
    this.uploads.delete(uploadId);
  }
}
