import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { whyNoCampaign } from "./campaign";
import { catchUp } from "./catchUp";
import { connect, countShards } from "./clients";
import type { RunningCloud } from "@c360/local-aws";
import type { DeployedTenant } from "./deploy";
import { encodeHistory } from "./interactions/history";
import type { Production } from "./interactions/production";
import type { Options } from "../cli/startOptions";
import { runPipeline, type FinishedRun } from "../cli/pipeline/run";
import type { Preparation } from "./prepare";
import type { Progress } from "./progress";
import { reconcile, reconcileHistory, type Findings } from "./reconcile";
import { deployedVersion } from "./reconcile/campaign";
import { exportLocations, type ComparedRuns } from "./reconcile/exportedRun";
import { replay } from "./replay";
import { upstreamPrefixes } from "./upstream";

/** Longest interval that any worker waits for, in the cloud's time: a delivery stream buffers at most 900 s. */
const LONGEST_INTERVAL_MS = 900_000;
const STALL_MS = 60_000;
/** Longest that one state works: a function runs at most 15 minutes, which pass no faster than on AWS. */
const LONGEST_STATE_MS = 900_000;

/** What is played in which cloud. */
export interface PlayOptions {
  running: RunningCloud;
  outputs: DeployedTenant;
  preparation: Preparation;
  options: Options;
  step: Progress["step"];
  signal: AbortSignal;
  /** Takes what there is to say. */
  print: (line: string) => void;
}

/** What came out, and how many records are still on their way although nothing moves any more. */
export type Played = Findings & { pending: number };

/**
 * Plays a tenant's interactions in a cloud: the history, a first campaign if it is enough for one, the live rows, and the pipeline over
 * all of it.
 */
export async function play({ running, outputs, preparation, options, step, signal, print }: PlayOptions): Promise<Played> {
  const { stage, source, production, training } = preparation;
  const { seed, scale } = options;
  const { campaignArn, stateMachineArn, streamName } = outputs;
  const { s3, kinesis, sfn, runtime } = connect(running, outputs);
  const { upstream: bucket } = outputs.buckets;
  const prefixes = upstreamPrefixes(stage);
  const exported = { settings: preparation.exported, places: exportLocations(stage, outputs.buckets) };
  const run = (key: string, title: string, runKey: string): Promise<FinishedRun> =>
    step(key, title, (tell) => {
      const stallMs = LONGEST_STATE_MS + LONGEST_INTERVAL_MS / scale;
      return runPipeline({ sfn, stateMachineArn, runKey, stallMs, signal, onState: tell });
    });

  await step("history", `Drop ${production.history.length} rows of history`, () => dropHistory(s3, bucket, prefixes.history, production));
  running.startWorkers();
  const first: ComparedRuns = { runs: [], problems: [] };
  const why = whyNoCampaign(preparation);
  if (why !== undefined) print(`The dashboards have no campaign to ask: ${why}.`);
  else {
    const ran = await run("firstPipeline", "Run the pipeline over the history, up to a campaign", `npm-start-${seed}-history`);
    const compare = (): Promise<ComparedRuns> => reconcileHistory(production, s3, { run: ran, ...exported });
    Object.assign(first, await step("firstReconcile", "Reconcile the history", compare));
  }
  const isDeployed = deployedVersion(first.runs) !== undefined;
  const asked = runtime && campaignArn !== undefined && isDeployed ? { runtime, campaignArn } : undefined;
  const shards = await countShards(running, streamName);
  await step("produce", titleOfReplay(production, asked !== undefined), (tell) => {
    const onProgress = (sent: number): void => tell(`${sent} records sent`);
    return replay({ kinesis, streamName, shards, production, asked, signal, onProgress });
  });
  const pending = await step("catchUp", "Wait for forwarder and delivery", (tell) => {
    const stallMs = STALL_MS + LONGEST_INTERVAL_MS / scale;
    const producedAt = performance.now();
    return catchUp({ pending: () => running.pending(producedAt), stallMs, signal, onProgress: (left) => tell(`${left} pending`) });
  });
  const last = await run("pipeline", first.runs.length === 0 ? "Run the pipeline" : "Run the pipeline over all of it", `npm-start-${seed}`);
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

function titleOfReplay({ live, liveRecords, sessions }: Production, asks: boolean): string {
  const records = `Send ${live.length} live rows in ${liveRecords} records`;
  return asks ? `${records}, after asking for recommendations in ${sessions.length} sessions` : records;
}

async function dropHistory(s3: S3Client, bucket: string, prefix: string, production: Production): Promise<void> {
  if (production.history.length === 0) return;
  const body = encodeHistory(production.table, production.history);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}interactions.csv`, Body: body, ContentType: "text/csv" }));
}
