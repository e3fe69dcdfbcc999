import { type Assign, choice, failsAs, jsonata, sdkTask, type States } from "./states";

/** Something that Personalize makes in its own time: how it is asked for, looked at and waited for. */
export interface PersonalizeJob {
  /** What the names of its states end with, for example `Import`. */
  noun: string;
  /** The call that creates it; what an earlier execution or call created is gone on with. */
  create: { state: string; action: string; arguments: Record<string, unknown>; assign?: Assign };
  /** The call that describes it, and the member of the answer that it is. */
  describe: { action: string; arguments: Record<string, unknown>; member: string };
  /** State that finds one whose name is taken. @default the one that describes it */
  taken?: { next: string; assign: Assign };
  /**
   * Condition under which one that this execution did not make is of no use. Such a one, or one that failed, is followed by another,
   * for `$attempt` is part of the name.
   *
   * @default there is only one
   */
  superseded?: string;
  /**
   * Condition under which one that is there can never be of use, over what `found` keeps of the answer, and the cause that says so.
   *
   * @default any will do
   */
  unfit?: { found: Assign; when: string; cause: string };
  /** The Fail state. */
  failed: string;
  /** Hours until it must be there. */
  maxWaitHours: number;
}

/** Errors of a create call that pass when there is room, or when what it works on is ready. */
const NO_ROOM = ["Personalize.LimitExceededException", "Personalize.ResourceInUseException"];
const FAILED = "$contains($status, /FAILED|STOPPED/)";
const TAKEN = ["Personalize.ResourceAlreadyExistsException"];

/** Seconds between two looks at first. */
const LEAST_SECONDS = 30;
/** Later it is this part of the time waited: 72 hours are 150 looks, each of 9 events. */
const PART = 20;

const ENTERED = "$toMillis($states.context.State.EnteredTime)";
const WAITED = `${ENTERED} - $since`;

/** Notes when the waiting begins. */
export function beginJob(next: string, assign: Assign = {}): States[string] {
  return { Type: "Pass", Assign: { since: jsonata(ENTERED), ...assign }, Next: next };
}

/** Waits longer the longer it has waited. */
export function waitMore(next: string): States[string] {
  return { Type: "Wait", Seconds: jsonata(`$max([${LEAST_SECONDS}, $floor((${WAITED}) / ${PART * 1000})])`), Next: next };
}

/** The choice of no more waiting. */
export function outOfTime(maxWaitHours: number, cause: string, next: string): { when: string; assign: Assign; next: string } {
  const late = `" after ${maxWaitHours} hours (pipeline.maxWaitHours)"`;
  return { when: `${WAITED} > ${maxWaitHours * 3_600_000}`, assign: { cause: jsonata(`${cause} & ${late}`) }, next };
}

/** The catchers of a call that creates or changes: no room is waited for, anything else is a failure. */
export function orRoom(room: string, failed: string): ReturnType<typeof failsAs>[] {
  return [failsAs(room, NO_ROOM), failsAs(failed)];
}

/** The choice of a state that {@link orRoom} leads to. */
export function roomStates(noun: string, next: string, failed: string, maxWaitHours: number): States {
  return {
    [`Check${noun}Room`]: choice([outOfTime(maxWaitHours, "$cause", failed)], `WaitFor${noun}Room`),
    [`WaitFor${noun}Room`]: waitMore(next),
  };
}

/**
 * Creates it, or goes on with what is there, and waits until it is ACTIVE. `$made` tells whether this execution created it, even if the
 * answer was lost. One that an earlier execution left failed is followed by another; one of this execution that fails is its failure.
 */
export function jobStates(job: PersonalizeJob, done: { next: string; assign?: Assign }): States {
  const { noun, create, describe, failed, maxWaitHours, superseded, unfit } = job;
  const found = `$states.result.${describe.member}`;
  const { next, assign } = job.taken ?? { next: `Describe${noun}`, assign: {} };
  const another = superseded === undefined ? [] : [{ when: `$not($made) and (${FAILED} or ${superseded})`, next: `Next${noun}` }];
  const refused = unfit ? [{ when: unfit.when, assign: { cause: jsonata(unfit.cause) }, next: failed }] : [];
  return {
    [`Begin${noun}`]: beginJob(create.state, { attempt: 1, made: false }),
    [create.state]: sdkTask(create.action, create.arguments, {
      next: `Describe${noun}`,
      assign: { made: true, ...create.assign },
      catch: [{ ErrorEquals: TAKEN, Assign: { made: false, ...assign }, Next: next }, ...orRoom(`Check${noun}Room`, failed)],
    }),
    ...roomStates(noun, create.state, failed, maxWaitHours),
    [`Describe${noun}`]: sdkTask(describe.action, describe.arguments, {
      next: `Check${noun}`,
      assign: {
        made: jsonata(`$made or $toMillis(${found}.CreationDateTime) >= $since`),
        status: jsonata(`${found}.Status`),
        cause: jsonata(`$exists(${found}.FailureReason) ? ${found}.FailureReason : "its status was " & ${found}.Status`),
        ...unfit?.found,
      },
      catch: [failsAs(failed)],
    }),
    [`Check${noun}`]: choice(
      [
        ...refused,
        ...another,
        { when: '$status = "ACTIVE"', ...done },
        { when: FAILED, next: failed },
        outOfTime(maxWaitHours, "$cause", failed),
      ],
      `WaitFor${noun}`,
    ),
    ...(superseded === undefined
      ? {}
      : { [`Next${noun}`]: { Type: "Pass", Assign: { attempt: jsonata("$attempt + 1") }, Next: create.state } }),
    [`WaitFor${noun}`]: waitMore(`Describe${noun}`),
  };
}
