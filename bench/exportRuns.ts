import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { execFile } from "node:child_process";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import type { ExportAnswer } from "../functions/exportInteractions/export";
import { CERTIFICATE_FILE, startCountingProxy, type CountingProxy } from "../tests/support/countingProxy";
import { BUCKETS, exportFunctions } from "../tests/support/exportFunctions";
import { loadSerialized } from "../tests/support/serialize";
import { startExportCloud, type ExportCloud } from "./exportCloud";
import type { Block, Parts } from "./exportParts";

const PARTS_PREFIX = "recommender/parts/bench-1/0a1b/";
const MANIFEST_KEY = "athena/bench-manifest.csv";
/** Credentials given to a session go before those of the environment, which the script sets to its own. */
const BASELINE_PRELUDE = `import boto3, runpy, sys
key, secret, script, *sys.argv[1:] = sys.argv[1:]
boto3.setup_default_session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="ap-southeast-1")
runpy.run_path(script, run_name="__main__")`;

/** What one run took. */
export interface ExportRun {
  seconds: number;
  cpuSeconds: number;
  peakMiB: number;
  /** Bytes that came to the exporting process and that left it, as its connections carried them; 0 where nobody counts them. */
  down: number;
  up: number;
  /** Calls of S3; undefined where nobody counts them. */
  requests?: number;
}

/** The exports under test on one local S3. */
export class ExportBench {
  private secure: CountingProxy | undefined;

  private constructor(
    private readonly cloud: ExportCloud,
    private readonly client: S3Client,
    private readonly proxy: CountingProxy | undefined,
  ) {}

  /** @param counts whether a proxy counts bytes, which takes time of its own */
  static async open(counts: boolean): Promise<ExportBench> {
    const cloud = await startExportCloud([BUCKETS.cache, BUCKETS.downstream]);
    const client = new S3Client({ ...cloud, requestChecksumCalculation: "WHEN_REQUIRED" });
    return new ExportBench(cloud, client, counts ? await startCountingProxy(cloud.endpoint) : undefined);
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.proxy?.stop();
    await this.secure?.stop();
    await this.cloud.stop();
  }

  /** Writes parts and their manifest. */
  async putParts({ parts }: Parts, form: keyof Block): Promise<void> {
    const keys = parts.map((_, i) => `${PARTS_PREFIX}part-${i}${form === "gz" ? ".gz" : ""}`);
    for (const [i, blocks] of parts.entries()) {
      const chunks = blocks.map((block) => block[form]);
      const ContentLength = chunks.reduce((sum, { length }) => sum + length, 0);
      await this.client.send(new PutObjectCommand({ Bucket: BUCKETS.cache, Key: keys[i], Body: Readable.from(chunks), ContentLength }));
    }
    const Body = keys.map((key) => `s3://${BUCKETS.cache}/${key}\n`).join("");
    await this.client.send(new PutObjectCommand({ Bucket: BUCKETS.cache, Key: MANIFEST_KEY, Body }));
  }

  /** Removes everything, so that the next run finds as little. */
  async clear(): Promise<void> {
    for (const Bucket of [BUCKETS.cache, BUCKETS.downstream]) {
      const { Contents = [] } = await this.client.send(new ListObjectsV2Command({ Bucket }));
      for (const { Key } of Contents) await this.client.send(new DeleteObjectCommand({ Bucket, Key }));
    }
  }

  /**
   * Runs the function's archive over the parts, in a fresh process.
   *
   * @param isSecure whether it speaks to S3 over TLS, which nobody counts then. @default false
   * @throws Error when it fails, or finds its CSV already there
   */
  async runFunction({ rows, bytes }: Parts, isSecure = false): Promise<ExportRun> {
    const { files, environment } = (await exportFunctions()).export;
    const { region, credentials } = this.cloud;
    if (isSecure) this.secure ??= await startCountingProxy(this.cloud.endpoint, true);
    const exporter = await loadSerialized(files, {
      ...environment,
      AWS_ENDPOINT_URL: (isSecure && this.secure?.url) || this.url(),
      NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    try {
      const manifest = `s3://${BUCKETS.cache}/${MANIFEST_KEY}`;
      const event = { runId: "bench-1", runDate: "2026-11-24", manifest, rows, users: 1, items: 1, bytes };
      this.counted();
      const from = performance.now();
      const { result, error } = await exporter.invoke(event, 900_000);
      const seconds = (performance.now() - from) / 1000;
      if (error) throw new Error(`the export failed with ${error.name}: ${error.message}`);
      const { decision, reason, requests } = result as ExportAnswer;
      if (decision !== "replaced") throw new Error(`the export must make a CSV, but it was ${decision}: ${reason}`);
      return { seconds, ...exporter.usage(), ...this.counted(), requests };
    } finally {
      await exporter.stop();
    }
  }

  /**
   * Runs a plain script over the parts, which must be gzip.
   *
   * @param interpreter a Python that has boto3
   * @throws Error when what it exported has another size
   */
  async runBaseline(interpreter: string, script: string, { bytes }: Parts): Promise<ExportRun> {
    const { accessKeyId, secretAccessKey } = this.cloud.credentials;
    const places = [
      "--source-bucket",
      BUCKETS.cache,
      "--prefix",
      PARTS_PREFIX,
      "--sink-bucket",
      BUCKETS.downstream,
      "--key",
      "baseline.csv",
    ];
    this.counted();
    const args = ["-c", BASELINE_PRELUDE, accessKeyId, secretAccessKey, script, "--endpoint", this.url(), ...places];
    const { stdout } = await promisify(execFile)(interpreter, args);
    const figures = JSON.parse(stdout) as Record<string, number>;
    if (figures.bytes !== bytes) throw new Error(`the baseline exported ${figures.bytes} of ${bytes} bytes`);
    return { seconds: figures.seconds, cpuSeconds: figures.cpu_s, peakMiB: figures.peak_rss_mb, ...this.counted() };
  }

  private url(): string {
    return this.proxy?.url ?? this.cloud.endpoint;
  }

  private counted(): { down: number; up: number } {
    return this.proxy?.count() ?? { down: 0, up: 0 };
  }
}
