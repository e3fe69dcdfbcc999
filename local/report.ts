import type { LeftOut } from "./interactions/reader";

/** Counts by name. */
export type Count = Record<string, number>;

/** Size of a set of interactions. */
export type Totals = { rows: number; users: number; items: number };

/** A check that failed. */
export interface Problem {
  check: string;
  expected: unknown;
  actual: unknown;
  /** At most five. */
  examples: string[];
}

/** What a run trained, and what it did with the result. */
export interface Training {
  /** Empty when nothing was trained. */
  solutionVersionArn: string;
  /** As GetSolutionMetrics names them. */
  metrics: Count;
  baseline: Count | null;
  present: Count | null;
  /** The campaign was `created`, `updated` or `kept` as it was. `skipped`: nothing was trained. */
  decision: "created" | "updated" | "kept" | "skipped";
  reason: string;
}

/** What the dashboards requested from a campaign, and what came of it. */
export interface Campaign {
  arn: string;
  /** Of the last deployment. */
  solutionVersionArn: string;
  /** Calls of GetRecommendations. */
  requests: number;
  /** Items shown. */
  shown: number;
  /** Live events whose item their session had shown. */
  followed: number;
}

/** A pipeline execution. */
export interface PipelineRun {
  runId: string;
  runDate: string;
  status: string;
  error?: string;
  cause?: string;
  seconds: Count;
  export?: {
    engine: "lambda" | "glue";
    rowsIn: number;
    leftOut: Count;
    expected: Totals;
    table: Totals;
    csv: Totals & { bytes: number; sha256: string; head: string[] };
    manifest: object;
  };
  training?: Training;
}

/** Report of `npm start`: `.local/report.json`. Keys never change; ids are strings. */
export interface Report {
  version: 1;
  stack: string;
  stage: string;
  tenant: string;
  seed: number;
  scale: number;
  status: "reconciled" | "failed";
  problems: Problem[];
  input: {
    file: string | null;
    sha256: string;
    rows: number;
    valid: number;
    history: number;
    live: number;
    leftOut: LeftOut;
  };
  /** Records on the stream, including poison. `events` counts those that Personalize must accept; `poison` counts records by kind. */
  produced: { records: number; events: number; bytes: number; sessions: number; poison: Count };
  /** Raw events in upstream. A record of several lines counts once, `missing` counts lines. `bytes` counts the objects as stored. */
  delivered: { objects: number; records: number; bytes: number; missing: number; doubled: number; changed: number };
  /** What Personalize accepted. */
  forwarded: {
    events: number;
    distinct: number;
    redelivered: number;
    calls: number;
    eventsPerCall: number;
    throttled: number;
    missing: number;
    doubled: number;
    changed: number;
  };
  /** Records by distinct (shard, sequence number). */
  deadLetters: { objects: number; records: number; byReason: Count };
  seconds: Record<string, number>;
  runs: PipelineRun[];
  campaign?: Campaign;
  evaluation?: {
    from: string;
    to: string;
    metrics: { day: string | null; metric: string; value: number | null; low: number | null; high: number | null; n: number }[];
  };
}

/** Makes a problem with the first five examples. */
export function problem(check: string, expected: unknown, actual: unknown, examples: Iterable<string> = []): Problem {
  return { check, expected, actual, examples: [...examples].slice(0, 5) };
}
