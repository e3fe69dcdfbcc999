import type { Recommended } from "../interactions/production";
import { type Recommendation, type Session, shownItems } from "../interactions/records";
import { problem, type PipelineRun, type Problem, type Report } from "../report";
import type { ExpectedEvent } from "./expectedEvents";
import { type GateSettings, mustAccept } from "./training";

/** An answer of GetRecommendations, as in Personalize's log. */
export interface Answer extends Recommendation {
  campaignArn: string;
  userId: string | null;
}

/** A tenant's settings of training and campaign. */
export interface TrainingSettings {
  train: "never" | "afterExport" | "weekly";
  campaign: boolean;
  gate: GateSettings;
}

/** What to match. */
export interface MatchOptions {
  /** The sessions that must have requested recommendations, each user's in order. */
  sessions: Iterable<Session>;
  /** Campaign whose answers count. */
  campaignArn?: string;
  answers: AsyncIterable<Answer>;
}

/** What each session has shown, and the sessions that did not request recommendations exactly once. */
export interface MatchFindings {
  recommended: Recommended;
  /** Number of the campaign's answers. */
  requests: number;
  problems: Problem[];
}

/** Matches answers and sessions: a user's k-th answer belongs to the user's k-th session. */
export async function matchAnswers({ sessions, campaignArn, answers }: MatchOptions): Promise<MatchFindings> {
  const waiting = new Map<string, string[]>();
  for (const { id, userId } of sessions) waiting.set(userId, [...(waiting.get(userId) ?? []), id]);
  const recommended = new Map<string, Recommendation>();
  const unexpected: string[] = [];
  let requests = 0;
  for await (const answer of answers) {
    if (answer.campaignArn !== campaignArn) continue;
    requests += 1;
    const session = answer.userId === null ? undefined : waiting.get(answer.userId)?.shift();
    const shown = shownItems(answer);
    if (session === undefined) unexpected.push(`${answer.userId} ${answer.recommendationId}`);
    else if (shown !== undefined) recommended.set(session, shown);
  }
  const missing = [...waiting].flatMap(([userId, ids]) => ids.map((id) => `${userId} ${id}`));
  const problems = Object.entries({ missing, unexpected })
    .filter(([, examples]) => examples.length > 0)
    .map(([name, examples]) => problem(`campaign.${name}`, 0, examples.length, examples));
  return { recommended, requests, problems };
}

/** The solution version that was deployed last. @returns undefined when none was */
export function deployedVersion(runs: readonly PipelineRun[]): string | undefined {
  const deployments = runs.filter(({ training }) => training?.decision === "created" || training?.decision === "updated");
  return deployments.at(-1)?.training?.solutionVersionArn;
}

/** Describes the campaign for the report. @returns nothing when none was deployed */
export function describeCampaign(
  arn: string | undefined,
  runs: readonly PipelineRun[],
  requests: number,
  expected: ReadonlyMap<string, ExpectedEvent>,
): Pick<Report, "campaign"> {
  const solutionVersionArn = deployedVersion(runs);
  if (arn === undefined || solutionVersionArn === undefined) return {};
  const counts = { requests, shown: 0, followed: 0 };
  for (const { times, impression, recommendationId } of expected.values()) {
    if (impression !== undefined) counts.shown += impression.length;
    else if (recommendationId !== undefined) counts.followed += times;
  }
  return { campaign: { arn, solutionVersionArn, ...counts } };
}

/** Runs that all succeed must have deployed a solution version, unless the settings say otherwise, or no version may serve. */
export function checkDeployment({ train, campaign, gate }: TrainingSettings, runs: readonly PipelineRun[]): Problem[] {
  const isRefused = runs.every(({ training }) => training !== undefined && mustAccept(training, gate) === false);
  const isExpected = campaign && train !== "never" && !isRefused && runs.every(({ status }) => status === "SUCCEEDED");
  if (!isExpected || deployedVersion(runs) !== undefined) return [];
  const reasons = runs.map(({ training }) => `${training?.decision}: ${training?.reason}`);
  return [problem("campaign.deployed", 1, 0, reasons)];
}
