import type { S3Client } from "@aws-sdk/client-s3";
import type { Store } from "@c360/local-aws";
import { historyAlone, planProduction, type Production, type ProductionOptions, withRecommendations } from "../interactions/production";
import { type Input, readSource, type SourceOptions } from "../interactions/source";
import { encodeCsv } from "../interactions/table";
import { checkRun, describeRun, type FinishedRun } from "../pipelineRun";
import { problem, type PipelineRun, type Problem, type Report } from "../report";
import { compareDeadLetters } from "./deadLetters";
import { compareDelivered } from "./delivered";
import { expectedEvents } from "./expectedEvents";
import { compareExport, type ExportSettings } from "./export";
import { type AcceptedEvent, compareForwarded, type PutEventsCall } from "./forwarded";
import { writtenBytes } from "./lines";
import { checkGate, checkTrainedOn, type TrainedOn } from "./training";
import { type Answer, checkDeployment, deployedVersion, describeCampaign, matchAnswers, type TrainingSettings } from "./recommendations";
import { type ExportLocations, listKeys, readObjects, type UpstreamPrefixes } from "./storage";

/** Where to look, and what to recompute everything from. */
export interface ReconcileOptions {
  source: SourceOptions;
  options: ProductionOptions;
  s3: S3Client;
  /** Name of the upstream bucket. */
  bucket: string;
  prefixes: UpstreamPrefixes;
  /** The tenant's event tracker. */
  trackingId: string;
  /** Personalize's logs. */
  personalize: Pick<Store, "replay">;
  /** The run over the history, if there was one. */
  first: ComparedRuns;
  /** The last run. */
  exported: ExportedRun;
  training: TrainingSettings;
  /** With a campaign. */
  campaignArn?: string;
}

/** The part of the report that the reconciliation finds. */
export type Findings = Pick<Report, "input" | "produced" | "delivered" | "forwarded" | "deadLetters" | "runs" | "campaign" | "problems">;

/**
 * Recomputes what must have happened from the input and from what the campaign recommended, and compares it with the content of the
 * lake, Personalize and the dead-letter store. It shares no code with the program, its functions and its SQL, and asks nothing of the
 * senders.
 */
export async function reconcile(where: ReconcileOptions): Promise<Findings> {
  const { source, options, s3, bucket, prefixes, trackingId, personalize, first, exported } = where;
  const input = await readSource(source);
  const planned = planProduction(input.table, options);
  const answered = await matchAnswers({
    sessions: deployedVersion(first.runs) === undefined ? [] : planned.sessions,
    campaignArn: where.campaignArn,
    answers: entries<Answer>(personalize, "recommendations"),
  });
  const production = withRecommendations(planned, answered.recommended);
  const history = await checkHistory(production, readObjects(s3, bucket, prefixes.history));
  const { delivered, problems: inLake } = await compareDelivered(writtenBy(production), readObjects(s3, bucket, prefixes.latest));
  const expected = expectedEvents(production);
  const { forwarded, problems: inPersonalize } = await compareForwarded({
    ...{ expected, trackingId },
    accepted: entries<AcceptedEvent>(personalize, "events"),
    calls: entries<PutEventsCall>(personalize, "calls"),
  });
  const deadLetterObjects = readObjects(s3, bucket, prefixes.deadLetter);
  const { deadLetters, problems: inDeadLetters } = await compareDeadLetters(production.records(), deadLetterObjects);
  const failures = [
    ...(await checkNone("delivered.errors", listKeys(s3, bucket, prefixes.errors))),
    ...(await checkNone("forwarded.discardedBatches", listKeys(s3, bucket, prefixes.discarded))),
  ];
  const last = await compareRun(production, s3, exported);
  const runs = [...first.runs, ...last.runs];
  const campaign = describeCampaign(where.campaignArn, runs, answered.requests, expected);
  const undeployed = checkDeployment(where.training, runs);
  const misjudged = where.training.campaign ? checkGate(where.training.gate, runs) : [];
  const { eventTypes, interactionColumns } = exported.settings;
  const isComparable = eventTypes === undefined && interactionColumns.includes("EVENT_TYPE");
  const trained = isComparable ? await checkTrainedOn(runs, entries<TrainedOn>(personalize, "trainings")) : [];
  const found = [...history, ...answered.problems, ...inLake, ...inPersonalize, ...inDeadLetters, ...failures];
  const problems = [...first.problems, ...found, ...last.problems, ...undeployed, ...misjudged, ...trained];
  const produced = countProduced(production);
  return { input: describeInput(input, production), produced, delivered, forwarded, deadLetters, runs, ...campaign, problems };
}

/** Compares what the run over the history produced, before the next run replaces it. The names of its checks begin with `history`. */
export async function reconcileHistory(production: Production, s3: S3Client, exported: ExportedRun): Promise<ComparedRuns> {
  const { runs, problems } = await compareRun(historyAlone(production), s3, exported);
  return { runs, problems: problems.map(({ check, ...rest }) => ({ check: `history.${check}`, ...rest })) };
}

/** A run of the pipeline, and where it left its results. */
export interface ExportedRun {
  run: FinishedRun;
  settings: ExportSettings;
  locations: ExportLocations;
}

/** Runs as the report describes them, and their problems. */
export interface ComparedRuns {
  runs: PipelineRun[];
  problems: Problem[];
}

/** Compares what a run produced. A run that failed has produced nothing to compare. */
export async function compareRun(production: Production, s3: S3Client, { run, settings, locations }: ExportedRun): Promise<ComparedRuns> {
  const described = describeRun(run);
  if (run.result === undefined) return { runs: [described], problems: checkRun(run) };
  const found = await compareExport({ production, settings, s3, locations, output: run.result });
  return { runs: [{ ...described, export: found.export, training: run.result.training }], problems: found.problems };
}

function entries<T>(store: Pick<Store, "replay">, log: string): AsyncIterable<T> {
  return store.replay(log) as AsyncIterable<unknown> as AsyncIterable<T>;
}

function* writtenBy(production: Production): Generator<Buffer> {
  for (const record of production.records()) yield writtenBytes(record);
}

function describeInput({ file, sha256, rows, leftOut }: Input, { table, history, live }: Production): Report["input"] {
  return { file, sha256, rows, valid: table.length, history: history.length, live: live.length, leftOut };
}

function countProduced(production: Production): Report["produced"] {
  const produced = { records: 0, events: 0, bytes: 0, sessions: production.sessions.length };
  const kinds = new Map<string, number>();
  for (const { data, events, poison } of production.records()) {
    produced.records += 1;
    produced.events += events;
    produced.bytes += data.length;
    if (poison !== undefined) kinds.set(poison, (kinds.get(poison) ?? 0) + 1);
  }
  return { ...produced, poison: Object.fromEntries([...kinds].sort()) };
}

async function checkHistory({ table, history }: Production, objects: ReturnType<typeof readObjects>): Promise<Problem[]> {
  const uploaded: Buffer[] = [];
  for await (const { content } of objects) uploaded.push(content);
  const expected = history.length === 0 ? Buffer.alloc(0) : encodeCsv(table, history);
  const actual = Buffer.concat(uploaded);
  return actual.equals(expected) ? [] : [problem("history.bytes", expected.length, actual.length)];
}

async function checkNone(check: string, keys: AsyncIterable<string>): Promise<Problem[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found.length === 0 ? [] : [problem(check, 0, found.length, found)];
}
