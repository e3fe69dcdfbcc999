import {
  DescribeSolutionVersionCommand,
  GetSolutionMetricsCommand,
  paginateListSolutionVersions,
  type PersonalizeClient,
} from "@aws-sdk/client-personalize";
import type { TrainingRecord } from "./decisions";

/** A trained version of a solution. */
export interface SolutionVersion {
  arn: string;
  solutionArn: string;
  datasetGroupArn: string;
  status: string;
  failureReason?: string;
  /** When its training began. */
  createdAt: Date;
}

/** @returns undefined when there is no such version */
export async function describeVersion(
  personalize: PersonalizeClient,
  arn: string,
  signal: AbortSignal,
): Promise<SolutionVersion | undefined> {
  try {
    const command = new DescribeSolutionVersionCommand({ solutionVersionArn: arn });
    const { solutionVersion = {} } = await personalize.send(command, { abortSignal: signal });
    const { solutionArn = "", datasetGroupArn = "", status = "", failureReason, creationDateTime = new Date(0) } = solutionVersion;
    return { arn, solutionArn, datasetGroupArn, status, failureReason, createdAt: creationDateTime };
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

/** @returns the version's metrics by name; none when there is no such version */
export async function readMetrics(personalize: PersonalizeClient, arn: string, signal: AbortSignal): Promise<Record<string, number>> {
  try {
    const command = new GetSolutionMetricsCommand({ solutionVersionArn: arn });
    return (await personalize.send(command, { abortSignal: signal })).metrics ?? {};
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return {};
    throw error;
  }
}

/** @returns why a campaign of the dataset group cannot serve a version; undefined when it can */
export function unusable({ status, failureReason, datasetGroupArn }: SolutionVersion, group: string): string | undefined {
  if (status !== "ACTIVE") return `is in status ${status}${failureReason === undefined ? "" : `: ${failureReason}`}`;
  return datasetGroupArn === group ? undefined : `belongs to the dataset group ${datasetGroupArn}, not to ${group}`;
}

const DEPLOYED = ["created", "updated", "rolledBack"];

/**
 * The version that was deployed last of all but one, by the records of runs and rollbacks.
 *
 * @param records oldest first
 * @param arn version that does not count
 * @returns its ARN; undefined when there is none
 */
export function otherDeployed(records: readonly TrainingRecord[], arn: string): string | undefined {
  const others = records.filter(({ decision, solution_version_arn: version }) => DEPLOYED.includes(decision) && version !== arn);
  return others.at(-1)?.solution_version_arn;
}

/**
 * The versions that served before another one, by the records of runs and rollbacks. A version that a rollback left is none of them
 * until a run deploys it again.
 *
 * @param records oldest first
 * @param arn the version that serves now
 * @returns ARNs, the one that served last first
 */
export function servedBefore(records: readonly TrainingRecord[], arn: string): string[] {
  let served: string[] = [];
  for (const { decision, solution_version_arn: version } of records) {
    if (!DEPLOYED.includes(decision)) continue;
    served = served.filter((other) => other !== version);
    if (decision === "rolledBack") served.pop(); // the version that it left
    served.push(version);
  }
  const now = served.indexOf(arn);
  return (now === -1 ? served : served.slice(0, now)).reverse();
}

/** Older versions that a message names at most. */
const NAMED = 5;

/** What to look for a version with. */
export interface VersionSearch {
  personalize: PersonalizeClient;
  /** Dataset group of the tenant. */
  datasetGroupArn: string;
  records: readonly TrainingRecord[];
  signal: AbortSignal;
}

/**
 * Finds the version to go back to: the one that served before, or else the newest older one of the same solution that no record names.
 * A version that a record names and that never served was refused, or there was no campaign.
 *
 * @param served the version that serves now
 * @throws Error when there is none, with the older versions that can be named
 */
export async function findVersionBefore(
  served: SolutionVersion,
  { personalize, datasetGroupArn, records, signal }: VersionSearch,
): Promise<{ version: SolutionVersion; hasServed: boolean }> {
  for (const arn of servedBefore(records, served.arn)) {
    const version = await describeVersion(personalize, arn, signal);
    if (version !== undefined && unusable(version, datasetGroupArn) === undefined) return { version, hasServed: true };
  }
  const older = await olderVersions(personalize, served, signal);
  const named = new Set(records.map(({ solution_version_arn: arn }) => arn));
  const unnamed = older.find((arn) => !named.has(arn));
  const version = unnamed === undefined ? undefined : await describeVersion(personalize, unnamed, signal);
  if (version !== undefined && unusable(version, datasetGroupArn) === undefined) return { version, hasServed: false };
  const others =
    older.length === 0 ? "" : `; to serve an older one all the same, name it with --version: ${older.slice(0, NAMED).join(", ")}`;
  throw new Error(`there is no version to go back to: none that served before ${served.arn} is there${others}`);
}

/** ARNs of the ACTIVE versions of a version's solution that are older, the newest first. */
async function olderVersions(
  personalize: PersonalizeClient,
  { solutionArn, createdAt }: SolutionVersion,
  signal: AbortSignal,
): Promise<string[]> {
  const found: { arn: string; at: number }[] = [];
  for await (const page of paginateListSolutionVersions({ client: personalize }, { solutionArn }, { abortSignal: signal })) {
    for (const { solutionVersionArn = "", status, creationDateTime } of page.solutionVersions ?? []) {
      const at = creationDateTime?.getTime() ?? 0;
      if (status === "ACTIVE" && at < createdAt.getTime()) found.push({ arn: solutionVersionArn, at });
    }
  }
  return found.sort((a, b) => b.at - a.at).map(({ arn }) => arn);
}
