import * as assert from "node:assert/strict";
import {
  DescribeCampaignCommand,
  DescribeSolutionVersionCommand,
  GetSolutionMetricsCommand,
  UpdateCampaignCommand,
} from "@aws-sdk/client-personalize";
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { eventually, type Recommender } from "@c360/local-aws/testing";
import { rollback } from "../../cli/rollback";
import type { CommandContext } from "../../cli/shared/command";
import type { CommandOutcome } from "./commands";
import { TeardownFixture } from "./teardownFixture";

const LAKE = "acme-c360-lake-dev";
const ACCEPTED = "recommender/accepted_version.json";
const RECORDS = "crm_derived_restricted/t310_training_run/";
const CAMPAIGN = "acme-c360-recommender-campaign-dev";
const RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2";
/** Why Personalize fails what a test makes fail. */
const REASON = "The model could not be loaded.";

/** A cloud with a tenant acme whose campaign served some versions. */
export class RollbackFixture {
  /** Of one solution, oldest first. */
  versions: string[] = [];
  /** Of a solution with an earlier recipe: older than all of them, with other metrics. */
  earlier = "";
  campaign = "";
  private runs = 0;

  private constructor(
    readonly cloud: TeardownFixture,
    readonly group: Recommender,
    private readonly s3: S3Client,
    private readonly failing: Set<string>,
  ) {}

  static async open(): Promise<RollbackFixture> {
    const failing = new Set<string>();
    const cloud = await TeardownFixture.open({ fails: (kind) => (failing.has(kind) ? REASON : undefined) });
    await cloud.machines.create("aws:s3/bucket:Bucket", { bucket: LAKE });
    const group = await cloud.recommender("acme-c360-recommender-recommender-dev");
    const fixture = new RollbackFixture(cloud, group, new S3Client(cloud.machines.running.client), failing);
    const old = await cloud.solution("acme-c360-recommender-solution-dev-0ff", group, RECIPE);
    fixture.earlier = await cloud.version(old);
    const { solution, version, campaign } = await cloud.served("acme-c360-recommender-solution-dev-a1b", CAMPAIGN, group);
    fixture.versions = [version, await cloud.version(solution), await cloud.version(solution)];
    fixture.campaign = campaign;
    return fixture;
  }

  async close(): Promise<void> {
    this.s3.destroy();
    await this.cloud.close();
  }

  run(args = "", context: Partial<CommandContext> = {}): Promise<CommandOutcome> {
    return this.cloud.runOther(rollback, `--stack two --tenant acme ${args}`, context);
  }

  /** Makes the next campaign updates, or trainings, fail. @returns lets them succeed */
  fail(kind: "campaignUpdate" | "version"): () => void {
    this.failing.add(kind);
    return () => void this.failing.delete(kind);
  }

  /** Empties lake, and lets the campaign serve a version. */
  async reset(version: string): Promise<void> {
    for (const Key of await this.keys()) await this.s3.send(new DeleteObjectCommand({ Bucket: LAKE, Key }));
    if ((await this.serving()) === version) return;
    await this.cloud.personalize.send(new UpdateCampaignCommand({ campaignArn: this.campaign, solutionVersionArn: version }));
    await eventually(async () => assert.equal(await this.serving(), version));
  }

  async serving(): Promise<string | undefined> {
    const { campaign } = await this.cloud.personalize.send(new DescribeCampaignCommand({ campaignArn: this.campaign }));
    return campaign?.solutionVersionArn;
  }

  async metrics(solutionVersionArn: string): Promise<Record<string, number>> {
    return (await this.cloud.personalize.send(new GetSolutionMetricsCommand({ solutionVersionArn }))).metrics ?? {};
  }

  /** When a version's training began, as the command shows it. */
  async trained(solutionVersionArn: string): Promise<string | undefined> {
    const { solutionVersion } = await this.cloud.personalize.send(new DescribeSolutionVersionCommand({ solutionVersionArn }));
    return solutionVersion?.creationDateTime?.toISOString();
  }

  /** Writes the record of a run; later calls write records of later runs. */
  async ran(decision: string, solution_version_arn: string): Promise<void> {
    this.runs += 1;
    const finished_at = new Date(Date.UTC(2026, 0, this.runs)).toISOString();
    await this.put(`${RECORDS}dt=2026-01-01/${this.runs}.json`, { run_id: `${this.runs}`, finished_at, solution_version_arn, decision });
  }

  accept(solutionVersionArn: string, runId = "run-1"): Promise<void> {
    return this.put(ACCEPTED, { solutionVersionArn, metric: "coverage", value: 0.5, runId, decidedAt: "2026-01-01T00:00:00.000Z" });
  }

  put(Key: string, content: unknown): Promise<void> {
    return this.s3.send(new PutObjectCommand({ Bucket: LAKE, Key, Body: JSON.stringify(content) })).then(() => undefined);
  }

  /** The accepted version, and the records of rollbacks. */
  async written(): Promise<{ accepted?: Record<string, unknown>; records: [key: string, row: Record<string, unknown>][] }> {
    const keys = await this.keys();
    const rows = keys.filter((key) => key.includes("/rollback-"));
    return {
      accepted: keys.includes(ACCEPTED) ? await this.get(ACCEPTED) : undefined,
      records: await Promise.all(rows.map(async (key): Promise<[string, Record<string, unknown>]> => [key, await this.get(key)])),
    };
  }

  private async get(Key: string): Promise<Record<string, unknown>> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: LAKE, Key }));
    return JSON.parse((await Body?.transformToString()) ?? "") as Record<string, unknown>;
  }

  private async keys(): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: LAKE }));
    return Contents.map(({ Key = "" }) => Key);
  }
}
