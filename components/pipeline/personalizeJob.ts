import { jobNamePrefix, type Owner } from "../shared/naming";
import { type Assign, type Catcher, catchTo, choice, jsonata, sdkTask, type State, type States, type Step } from "./states";

/** A long-running Personalize resource: how to create, describe and poll it. */
export interface PersonalizeJob {
  /** Ends the names of its states, for example `Import`. */
  noun: string;
  /** The call that creates it. A resource that exists already is used. */
  create: { state: string; action: string; arguments: Record<string, unknown>; assign?: Assign };
  /** The call that describes it, and the member of the response that holds it. */
  describe: { action: string; arguments: Record<string, unknown>; member: string };
  /** The state that finds the resource when its name is taken. @default the one that describes it */
  taken?: { next: string; assign: Assign };
  /**
   * Condition, over `$createdAt` (epoch milliseconds) among others, under which a resource that another execution created cannot be used.
   * Such a resource, and one that failed, is followed by another attempt: `$attempt` is part of the name.
   *
   * @default there is one resource only
   */
  superseded?: string;
  /**
   * Condition under which an existing resource can never be used, over the variables of `found`, and the cause.
   *
   * @default every resource can be used
   */
  unusable?: { found: Assign; when: string; cause: string };
  /** Name of the Fail state. */
  failed: string;
  /** Hours after which the resource must be ACTIVE. */
  maxWaitHours: number;
}

/** Errors of a create or update call that pass: a quota is used up, or the resource is busy. */
const BUSY = ["Personalize.LimitExceededException", "Personalize.ResourceInUseException"];
const TAKEN = ["Personalize.ResourceAlreadyExistsException"];
const FAILED = "$contains($status, /FAILED|STOPPED/)";

const FIRST_POLL_SECONDS = 30;
/** Later polls wait this fraction of the time waited so far: 72 hours are 150 polls of 9 history events each. */
const POLL_FRACTION = 20;

const ENTERED = "$toMillis($states.context.State.EnteredTime)";
const WAITED = `${ENTERED} - $since`;

/** Name of a run's import job or solution version, by `$attempt`: a JSONata expression. */
export function jobName(owner: Owner): string {
  return `${JSON.stringify(jobNamePrefix(owner))} & $runHash & "-" & $string($attempt)`;
}

/** Pass state that starts the time that {@link waitMore} and {@link outOfTime} measure. */
export function beginJob(next: string, assign: Assign = {}): State {
  return { Type: "Pass", Assign: { since: jsonata(ENTERED), ...assign }, Next: next };
}

/** Wait state between two polls; it waits longer the longer the job takes. */
export function waitMore(next: string): State {
  return { Type: "Wait", Seconds: jsonata(`$max([${FIRST_POLL_SECONDS}, $floor((${WAITED}) / ${POLL_FRACTION * 1000})])`), Next: next };
}

/** Rule of a Choice state that ends the wait after `maxWaitHours`. */
export function outOfTime(maxWaitHours: number, cause: string, next: string): { when: string; assign: Assign; next: string } {
  const late = `" after ${maxWaitHours} hours (pipeline.maxWaitHours)"`;
  return { when: `${WAITED} > ${maxWaitHours * 3_600_000}`, assign: { cause: jsonata(`${cause} & ${late}`) }, next };
}

/** Catchers of a create or update call: a quota or a busy resource leads to {@link quotaStates}, any other error to the Fail state. */
export function catchBusy(noun: string, failed: string): Catcher[] {
  return [catchTo(`Check${noun}Quota`, BUSY), catchTo(failed)];
}

/** States that wait before the call is made again. */
export function quotaStates(noun: string, next: string, failed: string, maxWaitHours: number): States {
  return {
    [`Check${noun}Quota`]: choice([outOfTime(maxWaitHours, "$cause", failed)], `WaitFor${noun}Quota`),
    [`WaitFor${noun}Quota`]: waitMore(next),
  };
}

/**
 * Creates the resource, or uses the existing one, and waits until it is ACTIVE. `$created` tells whether this execution created it, even
 * if the response was lost. A resource that fails fails the execution that created it; in a later execution the next attempt follows.
 *
 * @param assign variables to set when the resource is ACTIVE
 */
export function personalizeJob(job: PersonalizeJob, assign?: Assign): Step {
  const { noun, create, describe, failed, maxWaitHours, superseded, unusable } = job;
  const found = `$states.result.${describe.member}`;
  const taken = job.taken ?? { next: `Describe${noun}`, assign: {} };
  const nextAttempt = superseded === undefined ? [] : [{ when: `$not($created) and (${FAILED} or ${superseded})`, next: `Next${noun}` }];
  const refused = unusable ? [{ when: unusable.when, assign: { cause: jsonata(unusable.cause) }, next: failed }] : [];
  const states = (next: string): States => ({
    [`Begin${noun}`]: beginJob(create.state, { attempt: 1, created: false }),
    [create.state]: sdkTask(create.action, create.arguments, {
      next: `Describe${noun}`,
      assign: { created: true, ...create.assign },
      catch: [{ ErrorEquals: TAKEN, Assign: { created: false, ...taken.assign }, Next: taken.next }, ...catchBusy(noun, failed)],
    }),
    ...quotaStates(noun, create.state, failed, maxWaitHours),
    [`Describe${noun}`]: sdkTask(describe.action, describe.arguments, {
      next: `Check${noun}`,
      assign: {
        created: jsonata(`$created or $toMillis(${found}.CreationDateTime) >= $since`),
        createdAt: jsonata(`$toMillis(${found}.CreationDateTime)`),
        status: jsonata(`${found}.Status`),
        cause: jsonata(`$exists(${found}.FailureReason) ? ${found}.FailureReason : "its status was " & ${found}.Status`),
        ...unusable?.found,
      },
      catch: [catchTo(failed)],
    }),
    [`Check${noun}`]: choice(
      [
        ...refused,
        ...nextAttempt,
        { when: '$status = "ACTIVE"', next, assign },
        { when: FAILED, next: failed },
        outOfTime(maxWaitHours, "$cause", failed),
      ],
      `WaitFor${noun}`,
    ),
    ...(superseded === undefined
      ? {}
      : { [`Next${noun}`]: { Type: "Pass", Assign: { attempt: jsonata("$attempt + 1") }, Next: create.state } }),
    [`WaitFor${noun}`]: waitMore(`Describe${noun}`),
  });
  return { first: `Begin${noun}`, states };
}
