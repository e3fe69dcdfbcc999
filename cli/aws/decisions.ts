import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { acceptedVersionKey, trainingRunsPrefix } from "../../components/shared/naming";

/** Which version the campaign is to serve, as the pipeline and the rollback write it. */
export interface AcceptedVersion {
  solutionVersionArn: string;
  /** Name of the metric that `value` is of. */
  metric: string;
  /** Null when the version has no such metric. */
  value: number | null;
  /** Run or rollback that accepted the version. */
  runId: string;
  /** ISO 8601. */
  decidedAt: string;
}

/** What a row of the table of training runs says about what serves. */
export interface TrainingRecord {
  solution_version_arn: string;
  decision: string;
  /** ISO 8601. */
  finished_at: string;
}

/** A rollback as a row of the table of training runs: the members of a run's row. */
export interface RollbackRecord extends TrainingRecord {
  run_id: string;
  /** `YYYY-MM-DD`, UTC. */
  run_date: string;
  run_key: null;
  rows: null;
  users: null;
  items: null;
  /** Of the version that serves now. */
  metrics: Record<string, number>;
  baseline: null;
  /** Metrics of the version that served before; null when that is not known. */
  present: Record<string, number> | null;
  /** `kept`: the campaign served the version already, and another one was accepted. */
  decision: "rolledBack" | "kept";
  reason: string;
}

const ROLLBACK_ID = /^rollback-(\d{4})(\d{2})(\d{2})T\d{6}Z$/;
/** Objects that are read at a time. */
const READS = 16;

/** @returns the id of a rollback that begins now: `rollback-20260131T021500Z` */
export function rollbackId(now: Date): string {
  return `rollback-${now.toISOString().replace(/[-:]|\.\d+/g, "")}`;
}

/** @returns the UTC date in a rollback's id, `YYYY-MM-DD`; undefined when it is another run's id */
export function dateOfRollback(runId: string): string | undefined {
  const [, year, month, day] = ROLLBACK_ID.exec(runId) ?? [];
  return year === undefined ? undefined : `${year}-${month}-${day}`;
}

/** The objects in lake that say which version the campaign is to serve, and what was decided before. */
export class Decisions {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
    private readonly keyPrefix: string,
    private readonly signal: AbortSignal,
  ) {}

  /** @returns undefined when no version was accepted yet, or the object is not readable as one */
  async accepted(): Promise<AcceptedVersion | undefined> {
    const found = parseObject(await this.read(acceptedVersionKey(this.keyPrefix)));
    const isVersion = typeof found?.solutionVersionArn === "string" && typeof found.runId === "string";
    return isVersion ? (found as unknown as AcceptedVersion) : undefined;
  }

  async accept(version: AcceptedVersion): Promise<void> {
    await this.write(acceptedVersionKey(this.keyPrefix), version);
  }

  /** Whether a rollback accepted this version and did not write its record: it was interrupted, or its update failed. */
  async isUnfinished({ runId }: AcceptedVersion): Promise<boolean> {
    const date = dateOfRollback(runId);
    return date !== undefined && (await this.read(this.recordKey(runId, date))) === undefined;
  }

  async record(row: RollbackRecord): Promise<void> {
    await this.write(this.recordKey(row.run_id, row.run_date), row);
  }

  /**
   * Reads the table of training runs.
   *
   * @returns the oldest first
   * @throws Error naming an object that is no record
   */
  async records(): Promise<TrainingRecord[]> {
    const keys: string[] = [];
    const below = { Bucket: this.bucket, Prefix: trainingRunsPrefix(this.keyPrefix) };
    for await (const { Contents = [] } of paginateListObjectsV2({ client: this.s3 }, below, { abortSignal: this.signal })) {
      for (const { Key = "" } of Contents) if (!Key.endsWith("/")) keys.push(Key);
    }
    const records: TrainingRecord[] = [];
    for (let from = 0; from < keys.length; from += READS) {
      records.push(...(await Promise.all(keys.slice(from, from + READS).map((key) => this.readRecord(key)))));
    }
    return records.sort((a, b) => Date.parse(a.finished_at) - Date.parse(b.finished_at));
  }

  private async readRecord(key: string): Promise<TrainingRecord> {
    const record = parseObject(await this.read(key)) ?? {};
    const isText = [record.solution_version_arn, record.decision].every((value) => typeof value === "string");
    if (isText && !Number.isNaN(Date.parse(String(record.finished_at)))) return record as unknown as TrainingRecord;
    throw new Error(`s3://${this.bucket}/${key} is not a run's record: remove it, or name a version with --version`);
  }

  private recordKey(runId: string, date: string): string {
    return `${trainingRunsPrefix(this.keyPrefix)}dt=${date}/${runId}.json`;
  }

  /** @returns undefined when there is no such object */
  private async read(key: string): Promise<string | undefined> {
    try {
      const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }), { abortSignal: this.signal });
      return await Body?.transformToString();
    } catch (error) {
      if ((error as Error).name === "NoSuchKey") return undefined;
      throw error;
    }
  }

  private async write(key: string, content: object): Promise<void> {
    const object = { Bucket: this.bucket, Key: key, ContentType: "application/json", Body: JSON.stringify(content) };
    await this.s3.send(new PutObjectCommand(object), { abortSignal: this.signal });
  }
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text ?? "null") as unknown;
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
