import { setTimeout } from "node:timers/promises";
import { DeleteCampaignCommand, DeleteSolutionCommand } from "@aws-sdk/client-personalize";
import { findStanding, type LookOptions, type Standing, type StandingCampaign, type StandingSolution } from "./standing";
import { campaignStep, checkServed, DELETING, solutionStep, type Step } from "./steps";

/** What is removed, and how. */
export interface RemoveOptions extends LookOptions {
  /** Milliseconds between two looks. */
  pollMs: number;
  /** Takes a line whenever something is waited for in another way, or gone. */
  say: (line: string) => void;
}

/**
 * Removes campaigns, then solutions with their versions, and waits until all of them are gone.
 * Each round begins with a look at what stands, so it goes on wherever another call, or the pipeline, has left off.
 *
 * @throws Error when a solution is served by a campaign that the pipeline did not make, or a call is refused for good
 */
export async function removeAll(first: Standing, options: RemoveOptions): Promise<void> {
  const said = new Map<string, string>();
  for (let standing = first; ; standing = await findStanding(options, [...said.keys()])) {
    checkServed(standing);
    const { campaigns, solutions } = standing;
    const steps: [StandingCampaign | StandingSolution, Step][] = [
      ...campaigns.map((campaign) => [campaign, campaignStep(campaign)] as [StandingCampaign, Step]),
      ...solutions.map((solution) => [solution, solutionStep(solution)] as [StandingSolution, Step]),
    ];
    const arns = steps.map(([{ arn }]) => arn);
    for (const gone of [...said.keys()].filter((arn) => !arns.includes(arn))) {
      options.say(`${gone} is gone`);
      said.delete(gone);
    }
    if (steps.length === 0) return;
    for (const [thing, step] of steps) {
      const because = step.do === "wait" ? step.because : await remove(thing, options);
      if (said.get(thing.arn) !== because) options.say(`${thing.arn}: ${because}`);
      said.set(thing.arn, because);
    }
    await setTimeout(options.pollMs, undefined, { signal: options.signal });
  }
}

/** Asks for a deletion, and tells why the thing still stands. */
async function remove({ kind, arn }: StandingCampaign | StandingSolution, { personalize, signal }: RemoveOptions): Promise<string> {
  try {
    if (kind === "campaign") await personalize.send(new DeleteCampaignCommand({ campaignArn: arn }), { abortSignal: signal });
    else await personalize.send(new DeleteSolutionCommand({ solutionArn: arn }), { abortSignal: signal });
    return DELETING;
  } catch (error) {
    const { name, message } = error as Error;
    if (name === "ResourceNotFoundException") return DELETING;
    if (name === "ResourceInUseException") return message;
    throw error;
  }
}
