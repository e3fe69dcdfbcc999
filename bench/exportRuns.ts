import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { execFile } from "node:child_process";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import type { ExportAnswer } from "../functions/exportInteractions/export";
import { startCountingProxy, type CountingProxy } from "../tests/support/countingProxy";
import { BUCKETS, exportFunctions } from "../tests/support/deployedExports";
import { loadSerialized } from "../tests/support/serialize";
import { startExportCloud, type ExportCloud } from "./exportCloud";
import type { ExportRun } from "./exportReport";
import type { Block, Sample } from "./exportSample";

const PARTS_PREFIX = "recommender/parts/bench-1/0a1b/";
const MANIFEST_KEY = "athena/bench-manifest.csv";
/** A session's credentials take precedence over those of the environment, which the script sets. */
const BASELINE_PRELUDE = `import boto3, runpy, sys
key, secret, script, *sys.argv[1:] = sys.argv[1:]
boto3.setup_default_session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="ap-southeast-1")
runpy.run_path(script, run_name="__main__")`;

/** Runs the function and the baseline on one local S3. */
export class ExportBench {
  private constructor(
    private readonly cloud: ExportCloud,
    private readonly client: S3Client,
    private readonly proxy: CountingProxy | undefined,
  ) {}

  /** @param counts whether a proxy counts bytes, which takes time itself */
  static async open(counts: boolean): Promise<ExportBench> {
    const cloud = await startExportCloud([BUCKETS.cache, BUCKETS.downstream]);
    const client = new S3Client({ ...cloud, requestChecksumCalculation: "WHEN_REQUIRED" });
    return new ExportBench(cloud, client, counts ? await startCountingProxy(cloud.endpoint) : undefined);
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.proxy?.stop();
    await this.cloud.stop();
  }

  /** Writes parts and their manifest. */
  async putParts({ parts }: Sample, form: keyof Block): Promise<void> {
    const keys = parts.map((_, i) => `${PARTS_PREFIX}part-${i}${form === "gz" ? ".gz" : ""}`);
    for (const [i, blocks] of parts.entries()) {
      const chunks = blocks.map((block) => block[form]);
      const ContentLength = chunks.reduce((sum, { length }) => sum + length, 0);
      await this.client.send(new PutObjectCommand({ Bucket: BUCKETS.cache, Key: keys[i], Body: Readable.from(chunks), ContentLength }));
    }
    const Body = keys.map((key) => `s3://${BUCKETS.cache}/${key}\n`).join("");
    await this.client.send(new PutObjectCommand({ Bucket: BUCKETS.cache, Key: MANIFEST_KEY, Body }));
  }

  /** Removes all objects. */
  async clear(): Promise<void> {
    for (const Bucket of [BUCKETS.cache, BUCKETS.downstream]) {
      const { Contents = [] } = await this.client.send(new ListObjectsV2Command({ Bucket }));
      for (const { Key } of Contents) await this.client.send(new DeleteObjectCommand({ Bucket, Key }));
    }
  }

  /**
   * Runs the function's archive over the parts, in a new process.
   *
   * @throws Error when it fails, or finds its CSV already there
   */
  async runFunction({ rows, bytes }: Sample): Promise<ExportRun> {
    const { files, environment } = (await exportFunctions()).export;
    const { region, credentials } = this.cloud;
    const exporter = await loadSerialized(files, {
      ...environment,
      AWS_ENDPOINT_URL: this.url(),
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    try {
      const manifest = `s3://${BUCKETS.cache}/${MANIFEST_KEY}`;
      const event = { runId: "bench-1", runDate: "2026-11-24", maxShrink: 1, manifest, rows, users: 1, items: 1, bytes };
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
   * Runs the baseline over the parts, which must be gzip.
   *
   * @param interpreter a Python that has boto3
   * @throws Error when what it exported has another size
   */
  async runBaseline(interpreter: string, script: string, { bytes }: Sample): Promise<ExportRun> {
    const { accessKeyId, secretAccessKey } = this.cloud.credentials;
    const flags = {
      endpoint: this.url(),
      "source-bucket": BUCKETS.cache,
      prefix: PARTS_PREFIX,
      "sink-bucket": BUCKETS.downstream,
      key: "baseline.csv",
    };
    const argv = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    this.counted();
    const args = ["-c", BASELINE_PRELUDE, accessKeyId, secretAccessKey, script, ...argv];
    const { stdout } = await promisify(execFile)(interpreter, args);
    const figures = JSON.parse(stdout) as Record<string, number>;
    if (figures.bytes !== bytes) throw new Error(`the baseline exported ${figures.bytes} of ${bytes} bytes`);
    return { seconds: figures.seconds, cpuSeconds: figures.cpu_s, peakMiB: figures.peak_rss_mb, ...this.counted() };
  }

  private url(): string {
    return this.proxy?.url ?? this.cloud.endpoint;
  }

  /** Bytes since the last call. */
  private counted(): Pick<ExportRun, "down" | "up"> {
    return this.proxy?.count() ?? {};
  }
}
