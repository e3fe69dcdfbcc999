import type { PersonalizeClient } from "@aws-sdk/client-personalize";
import type { SFNClient } from "@aws-sdk/client-sfn";
import { type Owner, physicalName } from "../../components/shared/naming";
import { UsageError } from "../shared/command";
import { isSolutionOf } from "./campaigns";
import { type AcceptedVersion, dateOfRollback, type Decisions, rollbackId, type RollbackRecord } from "./decisions";
import { deployVersion, settledCampaign } from "./deployment";
import { checkIdle } from "./stateMachines";
import { describeVersion, findVersionBefore, otherDeployed, readMetrics, type SolutionVersion, unusable } from "./solutionVersions";

/** Whose campaign to roll back, and with what. */
export interface RollbackTarget {
  personalize: PersonalizeClient;
  sfn: SFNClient;
  decisions: Decisions;
  owner: Owner;
  /** Of the tenant. */
  datasetGroupArn: string;
  campaignArn: string;
  /** Whether the settings have a campaign. */
  hasCampaign: boolean;
  /** Metric that versions are compared by. */
  metric: string;
  /** ARN of the caller, for the record. */
  callerArn: string;
  /** Milliseconds between two looks at the campaign. */
  pollMs: number;
  signal: AbortSignal;
  print: (line: string) => void;
}

/** A version with its metrics by name. */
export type MeasuredVersion = SolutionVersion & { metrics: Record<string, number> };

/** From which version to which. Both are the same when the campaign serves the version already. */
export interface RollbackPlan {
  from: MeasuredVersion;
  to: MeasuredVersion;
  /** Why this version is the one to go back to. */
  why: string;
  runId: string;
  /** Whether an earlier call has accepted the version, and was interrupted or failed. */
  isAccepted: boolean;
  /** What was accepted before this call. */
  accepted?: AcceptedVersion;
}

/**
 * Finds out what serves and what to go back to. Changes nothing.
 *
 * @param named ARN of the version to go back to. @default the one that an unfinished rollback accepted, or else the one that served before
 * @throws UsageError when the named version is another tenant's; Error when the pipeline is running, there is no campaign, or no version
 */
export async function planRollback(named: string | undefined, target: RollbackTarget): Promise<RollbackPlan> {
  const { personalize, sfn, decisions, owner, signal } = target;
  const [, solution] = named?.split("/") ?? [];
  if (solution !== undefined && !isSolutionOf(owner, solution)) {
    const own = physicalName("solution", owner, "solution");
    throw new UsageError(`--version must be a version of a solution of tenant ${owner.tenant} (${own}-...), got ${named}`);
  }
  await checkIdle(sfn, [owner], signal);
  const served = await describe(await servedVersion(target), target);
  const accepted = await decisions.accepted();
  const unfinished = accepted !== undefined && (await decisions.isUnfinished(accepted)) ? accepted : undefined;
  const choice = await chooseVersion(named, served, unfinished, target);
  const measured = async (version: SolutionVersion) => ({ ...version, metrics: await readMetrics(personalize, version.arn, signal) });
  const isAccepted = unfinished?.solutionVersionArn === choice.version.arn;
  return {
    from: await measured(served),
    to: await measured(choice.version),
    why: isAccepted ? `finishes ${unfinished.runId}, which was interrupted or failed` : choice.why,
    runId: isAccepted ? unfinished.runId : rollbackId(new Date()),
    isAccepted,
    accepted,
  };
}

/** @throws Error when there is no campaign that serves a version */
async function servedVersion(target: RollbackTarget): Promise<string> {
  const { campaignArn, hasCampaign } = target;
  const campaign = await settledCampaign(target);
  if (campaign === undefined) {
    const cure = hasCampaign ? "the pipeline's next run creates it" : "recommender.campaign is off";
    throw new Error(`there is no campaign ${campaignArn}: ${cure}`);
  }
  if (campaign.status === "ACTIVE") return campaign.serves;
  const reason = campaign.failureReason ?? "no reason was given";
  throw new Error(`${campaignArn} is in status ${campaign.status}: ${reason}; delete it with npm run teardown`);
}

async function chooseVersion(
  named: string | undefined,
  served: SolutionVersion,
  unfinished: AcceptedVersion | undefined,
  target: RollbackTarget,
): Promise<{ version: SolutionVersion; why: string }> {
  const arn = named ?? unfinished?.solutionVersionArn;
  if (arn !== undefined) {
    const version = await describe(arn, target);
    const problem = unusable(version, target.datasetGroupArn);
    if (problem !== undefined) throw new Error(`${arn} ${problem}: name another version with --version`);
    return { version, why: "named by --version" };
  }
  const { version, hasServed } = await findVersionBefore(served, { ...target, records: await target.decisions.records() });
  const unknown = "no record names one that served before: the newest older version of the same solution";
  return { version, why: hasServed ? "served before" : unknown };
}

/** @throws Error when there is no such version */
async function describe(arn: string, { personalize, signal }: RollbackTarget): Promise<SolutionVersion> {
  const version = await describeVersion(personalize, arn, signal);
  if (version === undefined) throw new Error(`there is no solution version ${arn}: name another one with --version`);
  return version;
}

/**
 * Makes the campaign serve the planned version. First the version is accepted, so that a run of the pipeline that begins from then on
 * deploys it too; then the campaign is updated; the record comes last. So an interruption leaves one of the two versions, and a second
 * call finishes.
 *
 * @throws Error when the pipeline runs, or something else serves than was planned; Error that says what is served when the update fails
 */
export async function goBack(plan: RollbackPlan, target: RollbackTarget): Promise<void> {
  const { sfn, owner, signal } = target;
  const { from, to } = plan;
  await checkIdle(sfn, [owner], signal);
  const served = await servedVersion(target);
  if (served !== from.arn) throw new Error(`the campaign serves ${served} since the question was asked: nothing was changed, try again`);
  await accept(plan, target);
  try {
    await checkIdle(sfn, [owner], signal);
    await deployVersion(to.arn, target);
  } catch (error) {
    if (signal.aborted) throw error;
    const now = await settledCampaign(target).catch(() => undefined);
    const state = `the campaign serves ${now?.serves ?? from.arn}, and the pipeline's next run is to deploy ${to.arn}, which is accepted`;
    throw new Error(`${(error as Error).message}; ${state}: try again, or keep what is served with --version`);
  }
  await record(plan, target, { decision: "rolledBack", reason: `${target.callerArn} went back from ${from.arn}`, present: from.metrics });
}

/**
 * Records a rollback that is finished but for that, or else accepts the version that the campaign serves, unless it is the accepted one.
 * That is recorded first: what is accepted without a record is a rollback to finish.
 *
 * @returns whether there was anything to do
 */
export async function keepServed(plan: RollbackPlan, target: RollbackTarget): Promise<boolean> {
  const { to, isAccepted, accepted } = plan;
  const { personalize, decisions, callerArn, signal } = target;
  if (isAccepted) {
    const left = otherDeployed(await decisions.records(), to.arn);
    const present = left === undefined ? null : await readMetrics(personalize, left, signal);
    const reason = `${callerArn} went back from ${left ?? "a version that is not known"}`;
    await record(plan, target, { decision: "rolledBack", reason, present });
    return true;
  }
  if (accepted?.solutionVersionArn === to.arn) return false;
  const instead = accepted === undefined ? "no version was accepted" : `${accepted.solutionVersionArn} was accepted`;
  const reason = `${callerArn} kept the version that the campaign serves; before, ${instead}`;
  await record(plan, target, { decision: "kept", reason, present: to.metrics });
  await accept(plan, target);
  return true;
}

async function accept({ to, runId, isAccepted }: RollbackPlan, { decisions, metric }: RollbackTarget): Promise<void> {
  if (isAccepted) return;
  const value = Number.isFinite(to.metrics[metric]) ? to.metrics[metric] : null;
  await decisions.accept({ solutionVersionArn: to.arn, metric, value, runId, decidedAt: new Date().toISOString() });
}

/** @throws Error that says that nothing but the record is missing */
async function record(
  { to, runId }: RollbackPlan,
  { decisions, signal }: RollbackTarget,
  outcome: Pick<RollbackRecord, "decision" | "reason" | "present">,
): Promise<void> {
  const row: RollbackRecord = {
    run_id: runId,
    run_date: dateOfRollback(runId) ?? "",
    run_key: null,
    finished_at: new Date().toISOString(),
    rows: null,
    users: null,
    items: null,
    solution_version_arn: to.arn,
    metrics: to.metrics,
    baseline: null,
    ...outcome,
  };
  try {
    await decisions.record(row);
  } catch (error) {
    if (signal.aborted) throw error;
    const { name, message } = error as Error;
    throw new Error(`the campaign serves ${to.arn}, but the record of ${runId} could not be written, try again: ${name}: ${message}`);
  }
}
