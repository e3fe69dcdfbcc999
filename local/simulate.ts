import { setTimeout } from "node:timers/promises";
import { DescribeStreamSummaryCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { RunningCloud } from "@c360/local-aws";
import { replay } from "./dashboards/replay";
import { connect, type DeployedTenant } from "./deploy";
import { historyAlone, type Production } from "./interactions/production";
import { encodeCsv } from "./interactions/table";
import { shortfall } from "./minimum";
import { type FinishedRun, runPipeline } from "./pipelineRun";
import type { RunOptions, RunPlan } from "./plan";
import type { Progress } from "./progress";
import { type ComparedRuns, type Findings, reconcile, reconcileHistory } from "./reconciliation/reconcile";
import { deployedVersion } from "./reconciliation/recommendations";
import { exportLocations, upstreamPrefixes } from "./reconciliation/storage";

/** Longest interval that any worker waits, in the cloud's time: a delivery stream buffers for at most 900 s. */
const LONGEST_INTERVAL_MS = 900_000;
const STALL_MS = 60_000;
/** Longest time in one state: a function runs for at most 15 minutes, which pass no faster than on AWS. */
const LONGEST_STATE_MS = 900_000;

/** What to simulate, and where. */
export interface SimulateOptions {
  running: RunningCloud;
  outputs: DeployedTenant;
  plan: RunPlan;
  options: RunOptions;
  step: Progress["step"];
  signal: AbortSignal;
  print: (line: string) => void;
  /** Called before the pipeline runs over all rows. */
  beforeLastRun: () => void;
}

/**
 * Does what a tenant's business does: uploads the history, runs the pipeline over it if that is enough for a campaign, sends the live
 * rows, and runs the pipeline over all of it.
 *
 * @returns what the reconciliation finds, and how many records were still on their way when nothing moved any more
 */
export async function simulateBusiness(simulation: SimulateOptions): Promise<Findings & { pending: number }> {
  const { running, outputs, plan, options, step, signal, print } = simulation;
  const { stage, source, production, training } = plan;
  const { seed, scale } = options;
  const { campaignArn, stateMachineArn, streamName } = outputs;
  const { s3, kinesis, sfn, streams, runtime } = connect(running, outputs);
  const { upstream: bucket } = outputs.buckets;
  const prefixes = upstreamPrefixes(stage);
  const exported = { settings: plan.exported, locations: exportLocations(stage, outputs.buckets) };
  const run = (key: string, title: string, runKey: string): Promise<FinishedRun> =>
    step(key, title, (tell) => {
      const stallMs = LONGEST_STATE_MS + LONGEST_INTERVAL_MS / scale;
      return runPipeline({ sfn, stateMachineArn, runKey, acceptBadRows: options.poison > 0, stallMs, signal, onState: tell });
    });

  await step("history", `Upload ${production.history.length} rows of history`, () =>
    uploadHistory(s3, bucket, prefixes.history, production),
  );
  running.startWorkers();
  const first: ComparedRuns = { runs: [], problems: [] };
  const reason = whyNoCampaign(plan);
  if (reason !== undefined) print(`No recommendations are requested: ${reason}.`);
  else {
    const ran = await run("firstPipeline", "Run the pipeline over the history, and create a campaign", `npm-start-${seed}-history`);
    const compare = (): Promise<ComparedRuns> => reconcileHistory(production, s3, { run: ran, ...exported });
    Object.assign(first, await step("firstReconcile", "Reconcile the history", compare));
  }
  const isDeployed = deployedVersion(first.runs) !== undefined;
  const recommender = runtime && campaignArn !== undefined && isDeployed ? { runtime, campaignArn } : undefined;
  const shards = await countShards(streams, streamName);
  await step("produce", titleOfReplay(production, recommender !== undefined), (tell) => {
    const onProgress = (sent: number): void => tell(`${sent} records sent`);
    return replay({ kinesis, streamName, shards, production, recommender, signal, onProgress });
  });
  const pending = await step("catchUp", "Wait for forwarder and delivery", (tell) => {
    const stallMs = STALL_MS + LONGEST_INTERVAL_MS / scale;
    const producedAt = performance.now();
    return catchUp({ pending: () => running.pending(producedAt), stallMs, signal, onProgress: (left) => tell(`${left} pending`) });
  });
  simulation.beforeLastRun();
  const last = await run("pipeline", first.runs.length === 0 ? "Run the pipeline" : "Run the pipeline over all rows", `npm-start-${seed}`);
  const findings = await step("reconcile", "Reconcile", () =>
    reconcile({
      ...{ source, options, s3, bucket, prefixes, training, first, campaignArn },
      trackingId: outputs.trackingId,
      personalize: running.cloud.store("personalize"),
      exported: { run: last, ...exported },
    }),
  );
  return { ...findings, pending };
}

function titleOfReplay({ live, liveRecords, sessions }: Production, recommends: boolean): string {
  const records = `Send ${live.length} live rows in ${liveRecords} records`;
  return recommends ? `${records}, after requesting recommendations for ${sessions.length} sessions` : records;
}

async function uploadHistory(s3: S3Client, bucket: string, prefix: string, production: Production): Promise<void> {
  if (production.history.length === 0) return;
  const body = encodeCsv(production.table, production.history);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}interactions.csv`, Body: body, ContentType: "text/csv" }));
}

async function countShards(streams: KinesisClient, streamName: string): Promise<number> {
  const { StreamDescriptionSummary } = await streams.send(new DescribeStreamSummaryCommand({ StreamName: streamName }));
  return StreamDescriptionSummary?.OpenShardCount ?? 1;
}

/** Explains why there can be no campaign before anything is live; undefined when there can be one. */
export function whyNoCampaign({
  tenant,
  production,
  exported,
  training,
}: Pick<RunPlan, "tenant" | "production" | "exported" | "training">): string | undefined {
  if (!training.campaign) return `tenant ${tenant} has no campaign (recommender.campaign)`;
  if (training.train === "never") return `tenant ${tenant} never trains (pipeline.train)`;
  const missing = shortfall(historyAlone(production), exported);
  return missing === undefined ? undefined : `the history has ${missing}`;
}

const POLL_MS = 50;
/** Polls in a row without anything pending: a worker may just be between two states. */
const QUIET_POLLS = 3;

/** What to wait for. */
export interface CatchUpOptions {
  /** Records that some worker has not finished. */
  pending: () => number;
  /** Milliseconds without a new low after which the wait ends. */
  stallMs: number;
  signal: AbortSignal;
  onProgress?: (pending: number) => void;
}

/**
 * Waits until forwarder and delivery have finished all records.
 *
 * @returns what is still pending when nothing moves any more, else 0
 * @throws AbortError when the signal is aborted
 */
export async function catchUp({ pending, stallMs, signal, onProgress }: CatchUpOptions): Promise<number> {
  let lowest = Infinity;
  let loweredAt = performance.now();
  for (let quiet = 0; quiet < QUIET_POLLS;) {
    const left = pending();
    onProgress?.(left);
    quiet = left === 0 ? quiet + 1 : 0;
    if (left < lowest) {
      lowest = left;
      loweredAt = performance.now();
    } else if (left > 0 && performance.now() - loweredAt > stallMs) {
      return left;
    }
    await setTimeout(POLL_MS, undefined, { signal });
  }
  return 0;
}
