import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { type Policy, type Statement, trustPolicy } from "../../components/shared/policies";
import type { CountedEvent, ExportEvent } from "../../functions/exportInteractions/event";
import type { ExportAnswer } from "../../functions/exportInteractions/export";
import { type Credentials, s3, type ServiceFactory } from "@c360/local-aws";
import { type TestCloud, withCloud } from "@c360/local-aws/testing";
import { BUCKETS } from "./deployedExports";
import { COLUMNS, linesOf } from "./exportParts";

export const TARGET = "recommender/personalize_input.csv";
export const MANIFEST_FILE = "recommender/personalize_input.manifest.json";
export const RUN = { maxShrink: 0.2, runId: "0123456789ab-1", runDate: "2026-11-24" };
export const GET = "GET /{Bucket}/{Key+}";
export const PUT = "PUT /{Bucket}/{Key+}";
export const UPLOAD_PART = "PUT /{Bucket}/{Key+}?partNumber&uploadId";
export const COMPLETE = "POST /{Bucket}/{Key+}?uploadId";

/** An object of downstream. */
export interface Found {
  text: string;
  etag: string;
  contentType: string | undefined;
  metadata: Record<string, string>;
}

/** How a run of an engine ended. */
export type Outcome = { answer: ExportAnswer; error?: undefined } | { error: { name: string; message: string }; answer?: undefined };

/** One of the two engines, under its own role. */
export interface Engine {
  readonly name: "lambda" | "glue";
  /** Service that its role trusts. */
  readonly service: string;
  readonly policy: Policy;
  /**
   * Runs once, in a process outside the repository. Several runs may be under way.
   *
   * @param cloud that it runs on
   * @param credentials of its role
   * @param options `endpoint` of S3 (default: the cloud's), `milliseconds` of an invocation of the function (default: 60,000)
   */
  run(event: ExportEvent, cloud: TestCloud["cloud"], credentials: Credentials, options: RunOptions): Promise<Outcome>;
  /** Kills the processes of the runs that are under way. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface RunOptions {
  endpoint?: string;
  milliseconds?: number;
}

/** A local S3 with the buckets of the export, and an engine. */
export class ExportFixture {
  private constructor(
    readonly cloud: TestCloud,
    readonly client: S3Client,
    readonly engine: Engine,
  ) {}

  /** @param services of the cloud beside S3 */
  static async open(engine: Engine, services: ServiceFactory[] = []): Promise<ExportFixture> {
    const cloud = await withCloud([s3, ...services]);
    for (const bucket of [BUCKETS.lake, BUCKETS.cache, BUCKETS.downstream]) {
      await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn:${bucket}`);
    }
    await cloud.cloud.create("aws:iam/role:Role", { name: engine.name, assumeRolePolicy: trustPolicy(engine.service) }, "urn:role");
    const fixture = new ExportFixture(cloud, new S3Client(cloud.client), engine);
    await fixture.allow((statement) => [statement]);
    return fixture;
  }

  async close(): Promise<void> {
    await this.engine.close();
    this.client.destroy();
    await this.cloud.stop();
  }

  /** Removes all objects, uploads and faults, and restores the role's policy. */
  async reset(): Promise<void> {
    this.cloud.faults.clear();
    for (const Bucket of [BUCKETS.lake, BUCKETS.cache, BUCKETS.downstream]) {
      for (const key of await this.keys(Bucket)) await this.remove(Bucket, key);
      const { Uploads = [] } = await this.client.send(new ListMultipartUploadsCommand({ Bucket }));
      for (const { Key, UploadId } of Uploads) await this.client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    }
    await this.allow((statement) => [statement]);
  }

  /** Gives the engine's role its policy with other statements. */
  async allow(change: (statement: Statement) => Statement[]): Promise<void> {
    const policy = { ...this.engine.policy, Statement: structuredClone(this.engine.policy.Statement).flatMap(change) };
    await this.cloud.cloud.create("aws:iam/rolePolicy:RolePolicy", { name: "export", role: this.engine.name, policy }, "urn:policy");
  }

  /** Runs the engine once. */
  run(event: ExportEvent, options: RunOptions = {}): Promise<Outcome> {
    const { cloud } = this.cloud;
    const { credentials } = cloud.assume(`arn:aws:iam::${cloud.account}:role/${this.engine.name}`, this.engine.service);
    return this.engine.run(event, cloud, credentials, options);
  }

  /** Runs the engine once; returns its answer. @throws AssertionError with its error */
  async answer(event: ExportEvent, options: RunOptions = {}): Promise<ExportAnswer> {
    const { answer, error } = await this.run(event, options);
    assert.ok(answer, JSON.stringify(error));
    return answer;
  }

  /** Runs the engine once; returns its decision and reason. @throws AssertionError with its error */
  async decision(event: ExportEvent, options: RunOptions = {}): Promise<string> {
    const { decision, reason } = await this.answer(event, options);
    return `${decision}: ${reason}`;
  }

  /** Runs the engine once: fails with this error, leaves the CSV as it was, and no upload. */
  async checkFails(event: ExportEvent, name: string, message: string | RegExp, options: RunOptions = {}): Promise<void> {
    const before = await this.found();
    const { error } = await this.run(event, options);
    assert.equal(error?.name, name, JSON.stringify(error));
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.deepEqual(await this.found(), before);
    assert.equal(await this.openUploads(), 0);
  }

  /**
   * Writes a query's parts and their manifest.
   *
   * @param parts content by name; gzip by suffix
   * @returns the pipeline's input, with changes
   */
  async parts(parts: Record<string, string | Buffer>, changes: Partial<CountedEvent> = {}): Promise<CountedEvent> {
    const { runId = RUN.runId } = changes;
    const names = Object.keys(parts);
    await this.putAll(
      BUCKETS.cache,
      names.map((name) => [partKey(name, runId), parts[name]]),
    );
    const key = `athena/${runId}-manifest.csv`;
    await this.put(BUCKETS.cache, key, names.map((name) => `${partUri(name, runId)}\n`).join(""));
    const lines = expectedLines(parts);
    const [rows, bytes] = [lines.split("\n").length - 1, Buffer.byteLength(lines)];
    return { ...RUN, manifest: `s3://${BUCKETS.cache}/${key}`, rows, users: 2, items: 3, bytes, ...changes };
  }

  /** Writes a CSV as a run of an older date left it. */
  async putOldCsv(): Promise<Found | undefined> {
    const Metadata = { runid: "old-1", rundate: "2026-11-20", rows: "1", users: "1", items: "1", bytes: "9", columns: COLUMNS };
    await this.put(BUCKETS.downstream, TARGET, "old lines", { Metadata });
    return this.found();
  }

  async put(Bucket: string, Key: string, content: string | Buffer, more: Partial<PutObjectCommandInput> = {}): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(content), ...more }));
  }

  async putAll(bucket: string, objects: [key: string, content: string | Buffer][]): Promise<void> {
    for (let from = 0; from < objects.length; from += 50) {
      await Promise.all(objects.slice(from, from + 50).map(([key, content]) => this.put(bucket, key, content)));
    }
  }

  async remove(Bucket: string, Key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket, Key }));
  }

  /** When the CSV was written, as ISO 8601. */
  async lastModified(): Promise<string | undefined> {
    const { LastModified } = await this.client.send(new HeadObjectCommand({ Bucket: BUCKETS.downstream, Key: TARGET }));
    return LastModified?.toISOString();
  }

  /** An object of downstream; undefined if there is none. */
  async found(Key = TARGET): Promise<Found | undefined> {
    try {
      const found = await this.client.send(new GetObjectCommand({ Bucket: BUCKETS.downstream, Key }));
      const { Body, ETag = "", ContentType: contentType, Metadata: metadata = {} } = found;
      return { text: (await Body?.transformToString()) ?? "", etag: ETag.slice(1, -1), contentType, metadata };
    } catch (error) {
      assert.equal((error as Error).name, "NoSuchKey");
      return undefined;
    }
  }

  /** Keys of a bucket that start with a prefix, up to 1000. */
  async keys(Bucket: string, Prefix = ""): Promise<string[]> {
    const { Contents = [] } = await this.client.send(new ListObjectsV2Command({ Bucket, Prefix }));
    return Contents.map(({ Key = "" }) => Key);
  }

  /** Multipart uploads that are neither completed nor aborted. */
  async openUploads(...buckets: string[]): Promise<number> {
    let count = 0;
    for (const Bucket of buckets.length > 0 ? buckets : [BUCKETS.downstream, BUCKETS.cache]) {
      count += (await this.client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.length ?? 0;
    }
    return count;
  }

  /** Checks that the CSV and its manifest file are those of a run. */
  async checkExported(event: Omit<CountedEvent, "manifest" | "bytes">, lines: string): Promise<void> {
    const { runId, runDate, rows, users, items } = event;
    const csv = await this.found();
    assert.ok(csv?.text === `${COLUMNS}\n${lines}`, "the CSV must have the very lines of its parts");
    const bytes = Buffer.byteLength(csv.text);
    const texts = { rows: String(rows), users: String(users), items: String(items), bytes: String(bytes), columns: COLUMNS };
    assert.deepEqual(csv.metadata, { runid: runId, rundate: runDate, ...texts });
    assert.equal(csv.contentType, "text/csv");
    const file = await this.found(MANIFEST_FILE);
    const manifest = { runId, runDate, rows, users, items, bytes, columns: COLUMNS.split(","), etag: csv.etag };
    assert.deepEqual(JSON.parse(file?.text ?? ""), manifest);
    assert.equal(await this.openUploads(), 0);
  }
}

/** Key in cache of a query's part. */
export function partKey(name: string, runId = RUN.runId): string {
  return `recommender/parts/${runId}/0a1b/${name}`;
}

export function partUri(name: string, runId = RUN.runId): string {
  return `s3://${BUCKETS.cache}/${partKey(name, runId)}`;
}

/** Lines of all parts, as the CSV must have them. */
export function expectedLines(parts: Record<string, string | Buffer>): string {
  return Object.entries(parts)
    .map(([name, content]) => {
      const bytes = Buffer.from(content);
      return linesOf({ content: (name.endsWith(".gz") && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString() });
    })
    .join("");
}
