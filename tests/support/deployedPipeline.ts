import { GetPartitionCommand, GlueClient, type Partition } from "@aws-sdk/client-glue";
import { PersonalizeClient } from "@aws-sdk/client-personalize";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import {
  type ActiveFault,
  cloudControl,
  type Fault,
  glue,
  logs,
  makeAthena,
  makeLambda,
  makePersonalize,
  makeStepFunctions,
  type PersonalizeOptions,
  s3,
} from "@c360/local-aws";
import { watchExecution } from "../../cli/pipeline/execution";
import { JumpingClock, type TestCloud, withCloud } from "@c360/local-aws/testing";
import { BUCKETS, type Changes, DATABASE, makeDatasetGroup, registered, withoutStatement } from "./pipelineResources";
import { type Registered, CONTEXT } from "./pulumiMocks";

export { BUCKETS, DATABASE };
export const INPUT = "recommender/personalize_input.csv";
export const MANIFEST = "recommender/personalize_input.manifest.json";
const MACHINE = `arn:aws:states:${CONTEXT.region}:${CONTEXT.account}:stateMachine:acme-c360-recommender-pipeline-dev`;
/** Waits of the cloud are so much shorter. */
const SCALE = 1000;

/** What a test deploys otherwise than most. */
export interface PipelineOptions extends Changes {
  /** Statement of the pipeline role's policy that is left out, by its Sid. */
  without?: string;
  /** Resource that is not made, by its name. */
  absent?: string;
  /** Seconds that a function may run. @default its own */
  functionSeconds?: number;
  /** How the local Personalize behaves. */
  personalize?: PersonalizeOptions;
}

/** How an execution went. */
export interface Ran {
  status: string;
  output: {
    runId: string;
    runDate: string;
    engine: string;
    counts: Counts;
    export: { decision: string; reason: string; etag: string };
    training: { solutionVersionArn: string; metrics: Record<string, number>; decision: string; reason: string };
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
 * The catalog, the export's functions, Personalize's role and the pipeline as the components deploy them, in a local cloud with the lake's
 * buckets and a dataset group.
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

  static async open({ without, absent, functionSeconds, personalize, ...changes }: PipelineOptions = {}): Promise<DeployedPipeline> {
    const clock = new JumpingClock(SCALE);
    const services = [
      ...[s3, logs, glue, makeAthena({ pieceBytes: 20_000 }), makeStepFunctions(), makeLambda({ pollMs: 210 })],
      ...[cloudControl, makePersonalize(personalize)],
    ];
    const running = await withCloud(services, { clock });
    try {
      for (const bucket of Object.values(BUCKETS)) await running.cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn::${bucket}`);
      await makeDatasetGroup(running.cloud, changes);
      const resources = await registered(changes);
      for (const { type, name, inputs, urn, custom } of resources) {
        if (!custom || name === absent) continue;
        const given = name === "p-role-policy" && without !== undefined ? withoutStatement(inputs, without) : inputs;
        const isShort = functionSeconds !== undefined && type === "aws:lambda/function:Function";
        await running.cloud.create(type, isShort ? { ...given, timeout: functionSeconds } : given, urn);
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

  /** Puts a historical drop. */
  drop(body: string | Uint8Array, name = "drop.csv"): Promise<void> {
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
    const signal = AbortSignal.timeout(50_000);
    const { status, output = "{}", error, cause } = await watchExecution({ sfn: this.sfn, executionArn, signal, pollMs: 20, onState });
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

  /** Runs of a date that lie in lake. */
  async runs(runDate: string): Promise<string[]> {
    const keys = await this.keys(BUCKETS.lake, `crm_derived_restricted/t200_dashboard_interaction/dt=${runDate}/`);
    return [...new Set(keys.map((key) => key.split("/run=")[1].split("/")[0]))].sort();
  }

  async partition(runDate: string): Promise<Partition | undefined> {
    const { Partition } = await this.glue.send(
      new GetPartitionCommand({ DatabaseName: DATABASE, TableName: "t200_dashboard_interaction", PartitionValues: [runDate] }),
    );
    return Partition;
  }
}
