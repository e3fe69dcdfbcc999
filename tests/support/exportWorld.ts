import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import * as assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { ExportSource } from "../../components/interactionExport/exportLocations";
import { trustPolicy, type Policy } from "../../components/shared/policies";
import type { ExportAnswer } from "../../functions/exportInteractions/export";
import type { CountedEvent } from "../../functions/exportInteractions/event";
import { s3, type ServiceFactory } from "@c360/local-aws";
import { withCloud, type TestCloud } from "@c360/local-aws/testing";
import { startCountingProxy, type CountingProxy } from "./countingProxy";
import { BUCKETS, exportFunctions } from "./exportFunctions";
import { COLUMNS, linesOf } from "./exportParts";
import { loadSerialized, type Invocation, type SerializedFunction } from "./serialize";

export const TARGET = "recommender/personalize_input.csv";
export const MANIFEST_FILE = "recommender/personalize_input.manifest.json";
export const UPLOAD_PART = "PUT /{Bucket}/{Key+}?partNumber&uploadId";
export const COMPLETE = "POST /{Bucket}/{Key+}?uploadId";
const ROLE = "acme-c360-recommender-export-dev";

/** An object as it is there. */
export interface Found {
  text: string;
  etag: string;
  contentType: string | undefined;
  metadata: Record<string, string>;
}

/** The export's archive with the local S3, under its own role, behind a proxy that counts bytes. */
export class ExportWorld {
  private readonly functions: SerializedFunction[] = [];

  private constructor(
    readonly cloud: TestCloud,
    readonly client: S3Client,
    readonly proxy: CountingProxy,
    private readonly source: ExportSource | undefined,
  ) {}

  /**
   * @param source somebody else's parts. @default those of a query
   * @param services of the cloud, beside S3
   */
  static async open(source?: ExportSource, services: ServiceFactory[] = []): Promise<ExportWorld> {
    const cloud = await withCloud([s3, ...services]);
    for (const bucket of [BUCKETS.lake, BUCKETS.cache, BUCKETS.downstream]) {
      await cloud.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn:${bucket}`);
    }
    const role = { name: ROLE, assumeRolePolicy: trustPolicy("lambda.amazonaws.com") };
    await cloud.cloud.create("aws:iam/role:Role", role, "urn:role");
    const world = new ExportWorld(cloud, new S3Client(cloud.client), await startCountingProxy(cloud.cloud.endpoint), source);
    await world.allow((policy) => policy);
    return world;
  }

  async close(): Promise<void> {
    for (const one of this.functions) await one.stop();
    this.client.destroy();
    await this.proxy.stop();
    await this.cloud.stop();
  }

  /** Gives the role its policy, changed. */
  async allow(change: (policy: Policy) => Policy): Promise<void> {
    const { policy } = (await exportFunctions(this.source)).export;
    const inputs = { name: "export", role: ROLE, policy: change(structuredClone(policy)) };
    await this.cloud.cloud.create("aws:iam/rolePolicy:RolePolicy", inputs, "urn:policy");
  }

  /**
   * A fresh process of the function.
   *
   * @param more of its environment
   */
  async load(more: Record<string, string> = {}): Promise<SerializedFunction> {
    const { files, environment } = (await exportFunctions(this.source)).export;
    const { credentials } = this.cloud.cloud.assume(`arn:aws:iam::${this.cloud.cloud.account}:role/${ROLE}`, "lambda.amazonaws.com");
    const loaded = await loadSerialized(files, {
      ...environment,
      AWS_ENDPOINT_URL: this.proxy.url,
      AWS_REGION: this.cloud.cloud.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
      ...more,
    });
    this.functions.push(loaded);
    return loaded;
  }

  /**
   * Writes a query's parts and their manifest.
   *
   * @param parts content by name; gzip by suffix
   * @returns what the pipeline passes: counts of another day's run where `changes` say so
   */
  async parts(parts: Record<string, string | Buffer>, changes: Partial<CountedEvent> = {}): Promise<CountedEvent> {
    const { runId = "0123456789ab-1", runDate = "2026-11-24" } = changes;
    const names = Object.keys(parts);
    for (let from = 0; from < names.length; from += 50) {
      await Promise.all(names.slice(from, from + 50).map((name) => this.put(BUCKETS.cache, partKey(runId, name), parts[name])));
    }
    const key = `athena/${runId}-manifest.csv`;
    await this.put(BUCKETS.cache, key, names.map((name) => `s3://${BUCKETS.cache}/${partKey(runId, name)}\n`).join(""));
    const lines = expectedLines(parts);
    const [rows, bytes] = [lines.split("\n").length - 1, Buffer.byteLength(lines)];
    return { runId, runDate, manifest: `s3://${BUCKETS.cache}/${key}`, rows, users: 2, items: 3, bytes, ...changes };
  }

  async put(Bucket: string, Key: string, Body: string | Buffer, more: Partial<PutObjectCommandInput> = {}): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body), ...more }));
  }

  async remove(Bucket: string, Key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket, Key }));
  }

  /** An object of downstream; undefined: there is none. */
  async found(Key = TARGET): Promise<Found | undefined> {
    try {
      const {
        Body,
        ETag = "",
        ContentType,
        Metadata = {},
      } = await this.client.send(new GetObjectCommand({ Bucket: BUCKETS.downstream, Key }));
      return { text: (await Body?.transformToString()) ?? "", etag: ETag.slice(1, -1), contentType: ContentType, metadata: Metadata };
    } catch (error) {
      assert.equal((error as Error).name, "NoSuchKey");
      return undefined;
    }
  }

  /** Keys of a bucket below a prefix. */
  async keys(Bucket: string, Prefix: string): Promise<string[]> {
    const { Contents = [] } = await this.client.send(new ListObjectsV2Command({ Bucket, Prefix }));
    return Contents.map(({ Key = "" }) => Key);
  }

  /** Multipart uploads that nobody completed or aborted. */
  async openUploads(): Promise<number> {
    const open = async (Bucket: string) => (await this.client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? [];
    return (await open(BUCKETS.downstream)).length + (await open(BUCKETS.cache)).length;
  }

  /** Checks that the CSV and its manifest file are those of a run. */
  async checkExported(event: CountedEvent, lines: string): Promise<void> {
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

export function partKey(runId: string, name: string): string {
  return `recommender/parts/${runId}/0a1b/${name}`;
}

/** Lines of all parts, as the export must have them. */
export function expectedLines(parts: Record<string, string | Buffer>): string {
  return Object.entries(parts)
    .map(([name, content]) => {
      const bytes = Buffer.from(content);
      return linesOf({ content: (name.endsWith(".gz") && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString() });
    })
    .join("");
}

/** What an export answered. @throws AssertionError with its error */
export function answerOf({ result, error }: Invocation): ExportAnswer {
  assert.equal(error, undefined, JSON.stringify(error));
  return result as ExportAnswer;
}

/**
 * Gives each test of a suite a world and a process of the function of its own; the archives are made before the first.
 *
 * @param take told them before each test
 * @param source somebody else's parts. @default those of a query
 */
export function eachWithExport(take: (world: ExportWorld, exporter: SerializedFunction) => unknown, source?: ExportSource): void {
  let world: ExportWorld;
  before(async function () {
    await exportFunctions(source);
  });
  beforeEach(async () => {
    world = await ExportWorld.open(source);
    await take(world, await world.load());
  });
  afterEach(() => world.close());
}
