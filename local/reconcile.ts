import type { S3Client } from "@aws-sdk/client-s3";
import type { Store } from "@c360/local-aws";
import { encodeHistory } from "./interactions/history";
import { historyAlone, planProduction, withRecommendations, type Production } from "./interactions/production";
import { readSource, type Input, type SourceOptions } from "./interactions/source";
import type { Options } from "../cli/startOptions";
import { compareDeadLetters } from "./reconcile/deadLetters";
import { compareDelivered } from "./reconcile/delivered";
import { expectedEvents } from "./reconcile/expected";
import { compareRun, type ComparedRuns, type ExportedRun } from "./reconcile/exportedRun";
import { compareForwarded, type AcceptedEvent, type PutEventsCall } from "./reconcile/forwarded";
import { checkDeployment, deployedVersion, describeCampaign, matchAnswers, type Answer, type Training } from "./reconcile/campaign";
import { problem, type Problem, type Report } from "./report";
import { listKeys, readObjects, type UpstreamPrefixes } from "./upstream";

/** Where to look, and from what everything is recomputed. */
export interface ReconcileOptions {
  source: SourceOptions;
  options: Pick<Options, "split" | "liveShare" | "seed" | "poison">;
  s3: S3Client;
  /** Name of the upstream bucket. */
  bucket: string;
  prefixes: UpstreamPrefixes;
  /** The tenant's event tracker. */
  trackingId: string;
  /** Personalize's logs. */
  personalize: Pick<Store, "replay">;
  /** The run for the history, if there was one. */
  first: ComparedRuns;
  /** The last run. */
  exported: ExportedRun;
  /** Whether runs must train and deploy. */
  training: Training;
  /** With a campaign. */
  campaignArn?: string;
}

/** The part of the report that the reconciliation finds. */
export type Findings = Pick<Report, "input" | "produced" | "delivered" | "forwarded" | "deadLetters" | "runs" | "campaign" | "problems">;

/**
 * Recomputes what must have happened from the input and from what the campaign recommended, and compares it with what the lake,
 * Personalize and the dead-letter store hold. It shares no code with the program, its functions and its SQL, and asks nothing of those
 * who sent.
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
  const { delivered, problems: inLake } = await compareDelivered(dataOf(production), readObjects(s3, bucket, prefixes.latest));
  const expected = expectedEvents(production);
  const { forwarded, problems: inPersonalize } = await compareForwarded({
    ...{ expected, trackingId },
    accepted: entries<AcceptedEvent>(personalize, "events"),
    calls: entries<PutEventsCall>(personalize, "calls"),
  });
  const deadLetterObjects = readObjects(s3, bucket, prefixes.deadLetter);
  const { deadLetters, problems: inDeadLetters } = await compareDeadLetters(production.records(), deadLetterObjects);
  const failures = [
    ...(await none("delivered.errors", listKeys(s3, bucket, prefixes.errors))),
    ...(await none("forwarded.discardedBatches", listKeys(s3, bucket, prefixes.discarded))),
  ];
  const last = await compareRun(production, s3, exported);
  const runs = [...first.runs, ...last.runs];
  const campaign = describeCampaign(where.campaignArn, runs, answered.requests, expected);
  const undeployed = checkDeployment(where.training, runs);
  const found = [...history, ...answered.problems, ...inLake, ...inPersonalize, ...inDeadLetters, ...failures];
  const problems = [...first.problems, ...found, ...last.problems, ...undeployed];
  const produced = countProduced(production);
  return { input: describeInput(input, production), produced, delivered, forwarded, deadLetters, runs, ...campaign, problems };
}

/** Compares what the run for the history made, before the next one replaces it; its checks' names begin with `history`. */
export async function reconcileHistory(production: Production, s3: S3Client, ran: ExportedRun): Promise<ComparedRuns> {
  const { runs, problems } = await compareRun(historyAlone(production), s3, ran);
  return { runs, problems: problems.map(({ check, ...rest }) => ({ check: `history.${check}`, ...rest })) };
}

function entries<T>(store: Pick<Store, "replay">, log: string): AsyncIterable<T> {
  return store.replay(log) as AsyncIterable<unknown> as AsyncIterable<T>;
}

function* dataOf(production: Production): Generator<Buffer> {
  for (const { data } of production.records()) yield data;
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
  const dropped: Buffer[] = [];
  for await (const { content } of objects) dropped.push(content);
  const expected = history.length === 0 ? Buffer.alloc(0) : encodeHistory(table, history);
  const actual = Buffer.concat(dropped);
  return actual.equals(expected) ? [] : [problem("history.bytes", expected.length, actual.length)];
}

async function none(check: string, keys: AsyncIterable<string>): Promise<Problem[]> {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found.length === 0 ? [] : [problem(check, 0, found.length, found)];
}
