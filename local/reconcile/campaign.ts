import type { Recommended } from "../interactions/production";
import { shownOf, type Recommendation } from "../interactions/recommendation";
import type { Session } from "../interactions/sessions";
import { problem, type PipelineRun, type Problem, type Report } from "../report";
import type { ExpectedEvent } from "./expected";

/** One answer of GetRecommendations, as Personalize's log has it. */
export interface Answer extends Recommendation {
  campaignArn: string;
  userId: string | null;
}

/** What the stack says of training and of the campaign. */
export interface Training {
  train: "never" | "afterExport" | "weekly";
  campaign: boolean;
}

/** What the comparison starts from. */
export interface RecommendedOptions {
  /** The sessions that must have asked, each user's in order. */
  sessions: Iterable<Session>;
  /** Of which campaign the answers count. */
  campaignArn?: string;
  answers: AsyncIterable<Answer>;
}

/** What sessions were shown, and whether each of them asked once. */
export interface RecommendedFindings {
  recommended: Recommended;
  /** Answers of the campaign. */
  requests: number;
  problems: Problem[];
}

/** Gives each session its answer: a user's k-th one belongs to the user's k-th session. */
export async function matchAnswers({ sessions, campaignArn, answers }: RecommendedOptions): Promise<RecommendedFindings> {
  const waiting = new Map<string, string[]>();
  for (const { id, userId } of sessions) waiting.set(userId, [...(waiting.get(userId) ?? []), id]);
  const recommended = new Map<string, Recommendation>();
  const unexpected: string[] = [];
  let requests = 0;
  for await (const answer of answers) {
    if (answer.campaignArn !== campaignArn) continue;
    requests += 1;
    const session = answer.userId === null ? undefined : waiting.get(answer.userId)?.shift();
    const shown = shownOf(answer);
    if (session === undefined) unexpected.push(`${answer.userId} ${answer.recommendationId}`);
    else if (shown !== undefined) recommended.set(session, shown);
  }
  const missing = [...waiting].flatMap(([userId, ids]) => ids.map((id) => `${userId} ${id}`));
  const problems = Object.entries({ missing, unexpected })
    .filter(([, examples]) => examples.length > 0)
    .map(([name, examples]) => problem(`campaign.${name}`, 0, examples.length, examples));
  return { recommended, requests, problems };
}

/** The solution version that was deployed last; undefined when none was. */
export function deployedVersion(runs: readonly PipelineRun[]): string | undefined {
  const deployments = runs.filter(({ training }) => training?.decision === "created" || training?.decision === "updated");
  return deployments.at(-1)?.training?.solutionVersionArn;
}

/** What the report tells of a campaign; nothing when none was deployed. */
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

/** Runs that succeed must have deployed what they trained, where the stack says so. */
export function checkDeployment({ train, campaign }: Training, runs: readonly PipelineRun[]): Problem[] {
  const isExpected = campaign && train !== "never" && runs.every(({ status }) => status === "SUCCEEDED");
  if (!isExpected || deployedVersion(runs) !== undefined) return [];
  const reasons = runs.map(({ training }) => `${training?.decision}: ${training?.reason}`);
  return [problem("campaign.deployed", 1, 0, reasons)];
}
