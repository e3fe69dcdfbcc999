import { problem, type PipelineRun, type Problem, type Totals, type Training } from "../report";

/** A tenant's settings of the quality gate. */
export interface GateSettings {
  metric: string;
  /** Share, from 0 to 1, of the present version's metric by which a new version may be worse. */
  tolerance: number;
  /** Whether a first version must be above a baseline. */
  requireBaseline: boolean;
}

/** Rounding may decide either way where a value is this close to the least one, as a share of it. */
const ROUNDING = 1e-9;

/**
 * Whether the gate must accept what a run trained, by the metrics that the run reports.
 *
 * @returns undefined when rounding may decide either way, or nothing was trained
 */
export function mustAccept({ decision, metrics, present, baseline }: Training, gate: GateSettings): boolean | undefined {
  if (decision === "skipped") return undefined;
  const { metric, tolerance, requireBaseline } = gate;
  const value: unknown = metrics[metric];
  if (present === null && !requireBaseline) return true;
  const other: unknown = present === null ? baseline?.[metric] : present[metric];
  if (typeof value !== "number" || typeof other !== "number") return false;
  if (present === null) return value > other;
  const least = other * (1 - tolerance);
  return Math.abs(value - least) <= least * ROUNDING ? undefined : value > least;
}

/** Compares the gate's decisions about a campaign's versions with what the metrics say. */
export function checkGate(gate: GateSettings, runs: readonly PipelineRun[]): Problem[] {
  return runs.flatMap(({ training }) => {
    const accepts = training && mustAccept(training, gate);
    if (training === undefined || accepts === undefined) return [];
    const accepted = training.decision === "created" || training.decision === "updated";
    return accepts === accepted ? [] : [problem("gate.accepted", accepts, accepted, [training.reason])];
  });
}

/** An entry of Personalize's log of trainings. */
export interface TrainedOn extends Totals {
  solutionVersionArn: string;
}

/**
 * Compares what versions were trained on with what the run's table must hold: each interaction once, whether it was imported, streamed,
 * or both.
 */
export async function checkTrainedOn(runs: readonly PipelineRun[], trainings: AsyncIterable<TrainedOn>): Promise<Problem[]> {
  const logged = new Map<string, Totals>();
  for await (const { solutionVersionArn, ...totals } of trainings) logged.set(solutionVersionArn, totals);
  return runs.flatMap(({ training, export: made }) => {
    if (!training?.solutionVersionArn || made === undefined) return [];
    const { rows, users, items } = made.expected;
    const actual = logged.get(training.solutionVersionArn) ?? null;
    const isEqual = actual?.rows === rows && actual.users === users && actual.items === items;
    return isEqual ? [] : [problem("training.interactions", { rows, users, items }, actual, [training.solutionVersionArn])];
  });
}
