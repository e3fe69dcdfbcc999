import { KinesisClient, DescribeStreamSummaryCommand } from "@aws-sdk/client-kinesis";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { catchUp } from "./catchUp";
import { startCloud, type RunningCloud } from "./cloud/cloud";
import { accessKeyOf, deploy } from "./deploy";
import { openStore } from "./cloud/store";
import { deniedPermissions } from "./denied";
import { encodeHistory } from "./interactions/history";
import type { Options } from "./options";
import { runPipeline } from "./pipeline/run";
import type { Preparation } from "./prepare";
import { produce } from "./producer";
import { showProgress } from "./progress";
import { reconcile } from "./reconcile";
import { exportPlaces } from "./reconcile/exportedRun";
import { problem, type Report } from "./report";
import { SERVICES } from "./services";
import { upstreamPrefixes } from "./upstream";
import type { AccessKey, Endpoint, Workspace } from "./workspace";

const PORT = 4560;
/** Longest interval that any worker waits for, in the cloud's time: a delivery stream buffers at most 900 s. */
const LONGEST_INTERVAL_MS = 900_000;
const STALL_MS = 60_000;
/** Longest that one state works: a function runs at most 15 minutes, which pass no faster than on AWS. */
const LONGEST_STATE_MS = 900_000;

/** What a run needs. */
export interface LoopOptions {
  options: Options;
  preparation: Preparation;
  workspace: Workspace;
  /** Ends the run, and with it everything that it started. */
  signal: AbortSignal;
  /** Takes what the program says. */
  print: (line: string) => void;
  /** Shows no progress. @default false */
  silent?: boolean;
  /** Takes the report; the cloud answers at the endpoint until it resolves. */
  onReport: (report: Report, endpoint: Endpoint) => Promise<void>;
}

/**
 * The whole loop on this machine: the unmodified program, real clients, and a reconciliation of what came out.
 *
 * @throws the signal's reason when it is aborted
 */
export async function runLoop({ options, preparation, workspace, signal, print, silent, onReport }: LoopOptions): Promise<void> {
  const { stack, stage, tenant, source, production } = preparation;
  const { step, add, seconds } = showProgress(signal, silent);
  add("read", preparation.milliseconds);
  const faults: string[] = [];
  const running = await step("start", "Start the local cloud", () =>
    startCloud({
      factories: SERVICES,
      stateDir: workspace.stateDir,
      region: stack.config["aws:region"],
      scale: options.scale,
      port: PORT,
      onFault: (error) => void faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    }),
  );
  try {
    const owner = endpointOf(running, options.stack);
    workspace.writeEndpoint(owner);
    const said: string[] = [];
    const tenants = await step("deploy", `Deploy stack ${options.stack} at ${running.cloud.endpoint}`, () =>
      deploy(running, preparation, signal, said),
    );
    for (const line of said) print(line);
    const endpoint: Endpoint = { ...owner, tenants };
    workspace.writeEndpoint(endpoint);
    const outputs = tenants[tenant];
    const { s3, kinesis, sfn } = connect(running, outputs);
    const prefixes = upstreamPrefixes(stage);
    await step("history", `Drop ${production.history.length} rows of history`, () =>
      dropHistory(s3, outputs.buckets.upstream, prefixes.history, preparation),
    );
    running.startWorkers();
    const shards = await countShards(running, outputs.streamName);
    await step("produce", `Send ${production.live.length} live rows in ${production.liveRecords} records`, (tell) => {
      const onProgress = (sent: number): void => tell(`${sent} records sent`);
      return produce({ kinesis, streamName: outputs.streamName, shards, records: production.records(), signal, onProgress });
    });
    const pending = await step("catchUp", "Wait for forwarder and delivery", (tell) => {
      const stallMs = STALL_MS + LONGEST_INTERVAL_MS / options.scale;
      const producedAt = performance.now();
      return catchUp({ pending: () => running.pending(producedAt), stallMs, signal, onProgress: (left) => tell(`${left} pending`) });
    });
    const run = await step("pipeline", "Run the pipeline", (tell) => {
      const { stateMachineArn } = outputs;
      const stallMs = LONGEST_STATE_MS + LONGEST_INTERVAL_MS / options.scale;
      return runPipeline({ sfn, stateMachineArn, runKey: `npm-start-${options.seed}`, stallMs, signal, onState: tell });
    });
    const findings = await step("reconcile", "Reconcile", () =>
      reconcile({
        source,
        options,
        s3,
        bucket: outputs.buckets.upstream,
        prefixes,
        trackingId: outputs.trackingId,
        personalize: running.cloud.store("personalize"),
        exported: { run, settings: preparation.exported, places: exportPlaces(stage, outputs.buckets) },
      }),
    );
    signal.throwIfAborted();
    const problems = [...findings.problems];
    if (pending > 0) problems.push(problem("caughtUp", 0, pending));
    if (faults.length > 0) problems.push(problem("cloud.faults", 0, faults.length, faults));
    if (problems.length > 0) problems.push(...(await deniedPermissions(openStore(workspace.stateDir))));
    const { seed, scale } = options;
    const status: Report["status"] = problems.length === 0 ? "reconciled" : "failed";
    const header = { stack: options.stack, stage, tenant, seed, scale, status };
    await onReport({ version: 1, ...header, ...findings, problems, seconds }, endpoint);
  } finally {
    await running.stop();
  }
}

function endpointOf({ cloud, owner }: RunningCloud, stack: string): Endpoint {
  return { endpoint: cloud.endpoint, region: cloud.region, accountId: cloud.account, stack, ...accessKeyOf(owner) };
}

/** The owner's view of lake and pipeline, and the dashboards, which may do no more than the producers' policy allows. */
function connect(running: RunningCloud, { producer }: { producer: AccessKey }) {
  const { endpoint, region } = running.cloud;
  const owner = { endpoint, region, credentials: running.owner.credentials };
  return { s3: new S3Client(owner), sfn: new SFNClient(owner), kinesis: new KinesisClient({ ...owner, credentials: producer }) };
}

async function dropHistory(s3: S3Client, bucket: string, prefix: string, { production }: Preparation): Promise<void> {
  if (production.history.length === 0) return;
  const body = encodeHistory(production.table, production.history);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}interactions.csv`, Body: body, ContentType: "text/csv" }));
}

async function countShards({ cloud, owner }: RunningCloud, streamName: string): Promise<number> {
  const client = new KinesisClient({ endpoint: cloud.endpoint, region: cloud.region, credentials: owner.credentials });
  try {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: streamName }));
    return StreamDescriptionSummary?.OpenShardCount ?? 1;
  } finally {
    client.destroy();
  }
}
