import { join } from "node:path";
import { Readable } from "node:stream";
import {
  CreateDatasetImportJobCommand,
  type CreateDatasetImportJobRequest,
  type DatasetImportJob,
  DescribeDatasetImportJobCommand,
  PersonalizeClient,
} from "@aws-sdk/client-personalize";
import { cloudControl } from "../../src/cloudControl";
import { makePersonalize, type PersonalizeOptions, type PersonalizeService } from "../../src/personalize";
import { loadInteractions } from "../../src/personalize/interactions";
import { Sql } from "../../src/personalize/interactions";
import { s3 } from "../../src/s3";
import type { Policy } from "../../src/service";
import { type TestCloud, withCloud } from "../../testing/cloud";
import { eventually } from "../../testing/eventually";
import { makeRecommender, type Recommender, trackerActive } from "../../testing/personalize";
import { historyFile, enoughRows, type Row } from "../../testing/interactionRows";

export const BUCKET = "downstream";
export const KEY = "recommender/personalize_input.csv";
export const ROLE = "personalize";
export const ROLE_ARN = `arn:aws:iam::123456789012:role/${ROLE}`;

const SERVICE = { Principal: { Service: "personalize.amazonaws.com" } };
const SOURCE = {
  StringEquals: { "aws:SourceAccount": "123456789012" },
  ArnLike: { "aws:SourceArn": "arn:aws:personalize:ap-southeast-1:123456789012:*" },
};
const READ = { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${BUCKET}/recommender/*` } as const;
const LIST = { Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${BUCKET}` } as const;
const BELOW = { StringLike: { "s3:prefix": ["recommender/*"] } };

const TRUST: Policy = { Statement: { Effect: "Allow", Action: "sts:AssumeRole", ...SERVICE, Condition: SOURCE } };
const ADMITTED: Policy = {
  Statement: [
    { ...READ, ...SERVICE, Condition: SOURCE },
    { ...LIST, ...SERVICE, Condition: { ...SOURCE, ...BELOW } },
  ],
};
const READS: Policy = { Statement: [READ, { ...LIST, Condition: BELOW }] };

/** What a test has otherwise than the program. */
export interface ImportWorldOptions extends PersonalizeOptions {
  /** Of the bucket; `null`: it has none. @default lets Personalize read below `recommender/` */
  bucketPolicy?: Policy | null;
  /** Of the role. @default lets Personalize read below `recommender/` */
  rolePolicy?: Policy;
  /** Of the role. @default lets Personalize read below `recommender/` */
  trust?: Policy;
  /** Of the dataset. @default with EVENT_TYPE */
  schema?: object;
}

/** A bucket, a role and a dataset group with the program's policies, into which a test imports. */
export class ImportWorld {
  readonly personalize: PersonalizeClient;
  private jobs = 0;

  private constructor(
    readonly running: TestCloud,
    readonly shop: Recommender,
  ) {
    this.personalize = new PersonalizeClient({ ...running.client, maxAttempts: 1 });
  }

  static async open(given: ImportWorldOptions = {}): Promise<ImportWorld> {
    const { bucketPolicy = ADMITTED, rolePolicy = READS, trust, schema, ...options } = given;
    const running = await withCloud([s3, cloudControl, makePersonalize({ creationMs: 2, latencyMs: 0, ...options })]);
    const { cloud } = running;
    await cloud.create("aws:s3/bucket:Bucket", { bucket: BUCKET }, "urn:bucket");
    if (bucketPolicy) await cloud.create("aws:s3/bucketPolicy:BucketPolicy", { bucket: BUCKET, policy: bucketPolicy }, "urn:bucketPolicy");
    await cloud.create("aws:iam/role:Role", { name: ROLE, assumeRolePolicy: trust ?? TRUST }, "urn:role");
    await cloud.create("aws:iam/rolePolicy:RolePolicy", { role: ROLE, name: "reads", policy: rolePolicy }, "urn:rolePolicy");
    const shop = await makeRecommender(cloud, "shop", schema);
    await trackerActive(running, shop.trackerArn);
    return new ImportWorld(running, shop);
  }

  async close(): Promise<void> {
    this.personalize.destroy();
    await this.running.stop();
  }

  async put(body: string | Buffer, key = KEY): Promise<void> {
    const headers = { "content-length": String(Buffer.byteLength(body)) };
    await this.running.cloud.call(
      this.running.owner,
      "s3",
      "PUT /{Bucket}/{Key+}",
      { Bucket: BUCKET, Key: key, headers },
      Readable.from([Buffer.from(body)]),
    );
  }

  /** Begins to import what lies in the bucket. */
  async begin(changes: Partial<CreateDatasetImportJobRequest> = {}): Promise<string> {
    this.jobs += 1;
    const request = {
      ...{ jobName: `job-${this.jobs}`, datasetArn: this.shop.datasetArn, roleArn: ROLE_ARN },
      dataSource: { dataLocation: `s3://${BUCKET}/${KEY}` },
      ...changes,
    };
    const { datasetImportJobArn = "" } = await this.personalize.send(new CreateDatasetImportJobCommand(request));
    return datasetImportJobArn;
  }

  async describe(datasetImportJobArn: string): Promise<DatasetImportJob> {
    const { datasetImportJob = {} } = await this.personalize.send(new DescribeDatasetImportJobCommand({ datasetImportJobArn }));
    return datasetImportJob;
  }

  /** Puts a CSV, imports it and tells how that ended. */
  async import(csv: string | Row[] = enoughRows(), changes: Partial<CreateDatasetImportJobRequest> = {}): Promise<DatasetImportJob> {
    await this.put(typeof csv === "string" ? csv : historyFile(csv));
    return this.end(await this.begin(changes));
  }

  /** The job when it is over. */
  end(datasetImportJobArn: string): Promise<DatasetImportJob> {
    return eventually(async () => {
      const job = await this.describe(datasetImportJobArn);
      if (job.status !== "ACTIVE" && job.status !== "CREATE FAILED") throw new Error(`${datasetImportJobArn} is ${job.status}`);
      return job;
    });
  }

  /** What the dataset holds as `user item time type`, in alphabetical order. */
  async content(): Promise<string[]> {
    return contentOf(this.running, this.shop.datasetGroupArn);
  }

  /** Streams interactions into the dataset. */
  async stream(rows: Row[]): Promise<void> {
    for (const [userId, itemId, sentAt, eventType] of rows) {
      const request = { trackingId: this.shop.trackingId, sessionId: "s", userId, eventList: [{ eventType, sentAt, itemId }] };
      await this.running.cloud.call(this.running.owner, "personalize", "POST /events", request);
    }
  }
}

/** What a group's dataset holds by the logs and files of a cloud: interactions as `user item time type`, in alphabetical order. */
async function contentOf({ cloud, services, stateDir }: TestCloud, datasetGroupArn: string): Promise<string[]> {
  const { lifecycle } = services.get("personalize") as PersonalizeService;
  const rows = await Sql.use(join(stateDir, "content"), new AbortController().signal, async (sql) => {
    await loadInteractions(sql, cloud, lifecycle, datasetGroupArn);
    return sql.rows("SELECT user_id, item_id, timestamp, coalesce(event_type, '-') FROM interactions");
  });
  return rows.map((row) => row.map(String).join(" ")).sort();
}
