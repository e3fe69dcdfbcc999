import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AthenaClient, GetQueryExecutionCommand, GetQueryResultsCommand, StartQueryExecutionCommand } from "@aws-sdk/client-athena";
import { GetPartitionCommand, GlueClient, type Partition } from "@aws-sdk/client-glue";
import {
  DescribeCampaignCommand,
  DescribeSolutionVersionCommand,
  ListSolutionVersionsCommand,
  PersonalizeClient,
} from "@aws-sdk/client-personalize";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import {
  type ActiveFault,
  cloudControl,
  type Fault,
  list,
  logs,
  makeAthena,
  makeGlue,
  makeLambda,
  makePersonalize,
  makeStepFunctions,
  matches,
  preparePython,
  type PersonalizeOptions,
  s3,
  sns,
  type Statement,
} from "@c360/local-aws";
import { physicalName, solutionName } from "../../components/shared/naming";
import { arnsOf } from "../../components/shared/tenantContext";
import { watchExecution } from "../../cli/aws/execution";
import { eventually, JumpingClock, type TestCloud, withCloud } from "@c360/local-aws/testing";
import { BUCKETS, type Changes, DATABASE, makeDatasetGroup, registered, withoutStatement } from "./pipelineResources";
import { type Registered, CONTEXT } from "./pulumiMocks";

export { BUCKETS, DATABASE };
export const INPUT = "recommender/personalize_input.csv";
export const MANIFEST = "recommender/personalize_input.manifest.json";
const MACHINE = `arn:aws:states:${CONTEXT.region}:${CONTEXT.account}:stateMachine:acme-c360-recommender-pipeline-dev`;
/** Without any progress for so long, a test gives an execution up. */
const STALL_MS = 240_000;
/** Factor by which the cloud shortens its waits. */
const SCALE = 1000;

export const CAMPAIGN = arnsOf(CONTEXT).campaign(physicalName("campaign", CONTEXT, "campaign"));
export const SOLUTION = arnsOf(CONTEXT).solution(solutionName(CONTEXT, "aws-user-personalization-v2"));

/** The virtual environment that all tests share. */
const testPython = () => preparePython({ folder: join(process.cwd(), ".local/venv") });

/** What a test deploys differently. */
export interface PipelineOptions extends Changes {
  /** Statement of the pipeline role's policy to leave out, by its Sid. */
  without?: string;
  /** Timeout of a single call, in seconds. @default 60 */
  callSeconds?: number;
  /** How the local Personalize behaves. */
  personalize?: PersonalizeOptions;
}

/** How an execution ended. */
export interface Ran {
  status: string;
  output: {
    runId: string;
    runDate: string;
    engine: string;
    counts: Counts;
    export: { decision: string; reason: string; etag: string };
    training: {
      solutionVersionArn: string;
      metrics: Record<string, number>;
      present: Record<string, number> | null;
      baseline: Record<string, number> | null;
      decision: string;
      reason: string;
    };
    campaignArn?: string;
  };
  error?: string;
  cause?: string;
  /** In the order in which they were entered. */
  states: string[];
}

interface Counts {
  rowsIn: number;
  leftOut: Record<string, number>;
  table: Record<string, number>;
  csv: Record<string, number>;
}

/**
 * Catalog, export, Personalize role and pipeline as the components deploy them, in a local cloud with the lake's buckets and a dataset
 * group.
 */
export class DeployedPipeline {
  readonly s3: S3Client;
  readonly glue: GlueClient;
  readonly sfn: SFNClient;
  readonly personalize: PersonalizeClient;

  private constructor(
    readonly running: TestCloud,
    readonly clock: JumpingClock,
    readonly resources: Registered[],
  ) {
    this.s3 = new S3Client(running.client);
    this.glue = new GlueClient(running.client);
    this.sfn = new SFNClient(running.client);
    this.personalize = new PersonalizeClient(running.client);
  }

  static async open({ without, callSeconds = 60, personalize, ...changes }: PipelineOptions = {}): Promise<DeployedPipeline> {
    const clock = new JumpingClock(SCALE);
    const services = [
      ...[s3, logs, makeGlue({ python: testPython }), makeAthena({ pieceBytes: 20_000 }), makeStepFunctions(), makeLambda({ pollMs: 210 })],
      ...[cloudControl, makePersonalize(personalize), sns],
    ];
    const running = await withCloud(services, { clock });
    try {
      for (const bucket of Object.values(BUCKETS)) await running.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn::${bucket}`);
      await makeDatasetGroup(running.cloud, changes);
      const resources = await registered(changes);
      for (const { type, name, inputs, urn, custom } of resources) {
        if (!custom) continue;
        const { definition, ...others } = name === "p-role-policy" && without ? withoutStatement(inputs, without) : inputs;
        const timed = String(definition).replaceAll('"TimeoutSeconds":60,', `"TimeoutSeconds":${callSeconds},`);
        await running.cloud.create(type, definition === undefined ? others : { ...others, definition: timed }, urn);
      }
      return new DeployedPipeline(running, clock, resources);
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const client of [this.s3, this.glue, this.sfn, this.personalize]) client.destroy();
    await this.running.stop();
  }

  async put(bucket: string, key: string, body: string | Uint8Array, metadata: Record<string, string> = {}): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body), Metadata: metadata }));
  }

  /** Puts a history file. */
  putHistory(body: string | Uint8Array, name = "history.csv"): Promise<void> {
    return this.put(BUCKETS.upstream, `crm/dashboard_interaction/history/${name}`, body);
  }

  /** Puts an object of raw events; `hour` is `yyyy/MM/dd/HH`. */
  deliver(hour: string, lines: string[], name = "events"): Promise<void> {
    return this.put(BUCKETS.upstream, `crm/dashboard_interaction/latest/${hour}/${name}`, lines.map((line) => `${line}\n`).join(""));
  }

  async start(input: object = {}, name?: string): Promise<string> {
    const { executionArn = "" } = await this.sfn.send(
      new StartExecutionCommand({ stateMachineArn: MACHINE, name, input: JSON.stringify(input) }),
    );
    return executionArn;
  }

  async end(executionArn: string): Promise<Ran> {
    const states: string[] = [];
    const onState = { entered: (state: string) => void states.push(state) };
    const { signal } = new AbortController();
    const options = { sfn: this.sfn, executionArn, signal, pollMs: 100, stallMs: STALL_MS, onState };
    const { status, output = "{}", error, cause } = await watchExecution(options);
    return { status, output: JSON.parse(output) as Ran["output"], error, cause, states };
  }

  /** Runs the pipeline to its end. */
  async run(input: object = {}, name?: string): Promise<Ran> {
    return this.end(await this.start(input, name));
  }

  /** Makes calls of a service's operation fail. */
  fail(fault: Fault): ActiveFault {
    return this.running.faults.inject(fault);
  }

  /** An object's text and its user metadata; undefined when there is none. */
  async object(bucket: string, key: string): Promise<{ text: string; etag: string; metadata: Record<string, string> } | undefined> {
    if (!(await this.keys(bucket, key)).includes(key)) return undefined;
    const { Body, Metadata = {} } = await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const { ETag = "" } = await this.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return { text: (await Body?.transformToString()) ?? "", etag: ETag, metadata: Metadata };
  }

  async keys(bucket: string, prefix: string): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return Contents.map(({ Key = "" }) => Key);
  }

  /** Ids of the runs of a date whose snapshots are in lake. */
  async runs(runDate: string): Promise<string[]> {
    const keys = await this.keys(BUCKETS.lake, `crm_derived_restricted/t200_dashboard_interaction/dt=${runDate}/`);
    return [...new Set(keys.map((key) => key.split("/run=")[1].split("/")[0]))].sort();
  }

  /** Runs a query in the pipeline's workgroup; its result without the header. */
  async query(QueryString: string): Promise<string[][]> {
    const athena = new AthenaClient(this.running.client);
    try {
      const WorkGroup = "acme-c360-recommender-athena-dev";
      const { QueryExecutionId } = await athena.send(new StartQueryExecutionCommand({ QueryString, WorkGroup }));
      await eventually(async () => {
        const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }));
        assert.equal(QueryExecution?.Status?.State, "SUCCEEDED", QueryExecution?.Status?.StateChangeReason);
      });
      const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId }));
      return (ResultSet?.Rows ?? []).slice(1).map(({ Data = [] }) => Data.map(({ VarCharValue = "" }) => VarCharValue));
    } finally {
      athena.destroy();
    }
  }

  /** Statements of the pipeline role's policy without which some call so far would have been denied, by Sid; conditions do not count. */
  async neededStatements(): Promise<string[]> {
    const log = await readFile(join(this.running.stateDir, "decisions.ndjson"), "utf8");
    const decisions = log
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<"principal" | "action" | "resource" | "decision", string>);
    const calls = decisions.filter(
      ({ principal, decision }) => decision === "allow" && /role\/acme-c360-recommender-pipeline-dev\b/.test(principal),
    );
    const allowing = calls.map(({ action, resource }) =>
      this.statements
        .filter(({ Action, Resource }) => list(Action).includes(action) && list(Resource).some((pattern) => matches(pattern, resource)))
        .map(({ Sid = "" }) => Sid),
    );
    return [...new Set(allowing.filter((sids) => sids.length === 1).flat())].sort();
  }

  /** Messages that were published so far. */
  async notices(): Promise<string[]> {
    const log = await readFile(join(this.running.stateDir, "sns/messages.ndjson"), "utf8");
    return log
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { message: string }).message);
  }

  /** Statements of the pipeline role's policy. */
  get statements(): Statement[] {
    const { policy } = this.resources.find(({ name }) => name === "p-role-policy")?.inputs as { policy: { Statement: Statement[] } };
    return policy.Statement;
  }

  /** ARN of the version that the campaign serves; undefined when there is no campaign. */
  async served(): Promise<string | undefined> {
    try {
      return (await this.personalize.send(new DescribeCampaignCommand({ campaignArn: CAMPAIGN }))).campaign?.solutionVersionArn;
    } catch (error) {
      if ((error as Error).name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }

  /** Names of the solution's versions, in alphabetical order. */
  async versions(): Promise<string[]> {
    const { solutionVersions = [] } = await this.personalize.send(new ListSolutionVersionsCommand({ solutionArn: SOLUTION }));
    const described = solutionVersions.map(({ solutionVersionArn }) =>
      this.personalize.send(new DescribeSolutionVersionCommand({ solutionVersionArn })),
    );
    return (await Promise.all(described)).map(({ solutionVersion }) => solutionVersion?.name ?? "").sort();
  }

  async partition(runDate: string): Promise<Partition | undefined> {
    const { Partition } = await this.glue.send(
      new GetPartitionCommand({ DatabaseName: DATABASE, TableName: "t200_dashboard_interaction", PartitionValues: [runDate] }),
    );
    return Partition;
  }
}

/** Name of a run's import job or solution version. */
export function jobNameOf(runKey: string, attempt = 1): string {
  return `acme-dev-${createHash("sha256").update(runKey).digest("hex").slice(0, 12)}-${attempt}`;
}
