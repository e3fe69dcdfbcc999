import type { Standing, StandingCampaign, StandingSolution } from "./standing";

/** What is done about something that stands: it is deleted, or waited for. */
export type Step = { do: "delete" } | { do: "wait"; because: string };

const DELETE: Step = { do: "delete" };
/** Why something is waited for after its deletion was asked for. */
export const DELETING = "it is being deleted";

/** What is done about a campaign: only one that nobody changes can be deleted. */
export function campaignStep({ status, updateStatus = "" }: StandingCampaign): Step {
  return whileChanging(status) ?? (isChanging(updateStatus) ? wait("it is being updated") : DELETE);
}

/** What is done about a solution: it goes with its versions, when no campaign serves one of them and none is being trained. */
export function solutionStep({ status, versions, campaigns }: StandingSolution): Step {
  if (campaigns.length > 0) return wait(`it is served by ${campaigns.join(", ")}`);
  const changing = whileChanging(status);
  if (changing !== undefined) return changing;
  const training = versions.find((version) => isChanging(version.status));
  return training === undefined ? DELETE : wait(`its version ${training.arn} is being trained`);
}

/**
 * Demands that solutions are served by the pipeline's own campaigns alone.
 *
 * @throws Error naming a campaign that the pipeline did not make
 */
export function checkServed({ solutions }: Standing): void {
  for (const { name, strangers } of solutions) {
    if (strangers.length === 0) continue;
    throw new Error(`solution ${name} is served by ${strangers[0]}, which the pipeline did not make: delete that campaign first`);
  }
}

function whileChanging(status: string): Step | undefined {
  if (status.startsWith("DELETE ")) return wait(DELETING);
  return isChanging(status) ? wait("it is being created") : undefined;
}

function wait(because: string): Step {
  return { do: "wait", because };
}

/** The service writes IN PROGRESS and IN_PROGRESS. */
function isChanging(status: string): boolean {
  return /(PENDING|IN[ _]PROGRESS|STOPPING)$/.test(status);
}
