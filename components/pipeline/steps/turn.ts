import { choice, fail, failsAs, jsonata, sdkTask, type States } from "../states";

/** Seconds until an execution first asks whether it is its turn. */
const FIRST_SECONDS = 5;
/** Times that it asks again at most; each takes 9 of the 25,000 events: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const MOST_TIMES = 1440;
/** Seconds between two times, unless that makes too many. */
const AGAIN_SECONDS = 60;
/** A page of executions stays well below the 256 KiB that a state may take in. */
const PAGE = 100;

/**
 * Lets one execution work at a time, the oldest first. The list comes newest first, so the oldest is the last of its last page; an
 * execution that does not find itself there yet waits on.
 *
 * @param maxWaitHours after which an execution gives up
 */
export function turnStates(maxWaitHours: number, next: string): States {
  const list = {
    StateMachineArn: jsonata("$states.context.StateMachine.Id"),
    StatusFilter: "RUNNING",
    MaxResults: PAGE,
  };
  const assign = {
    page: jsonata('$exists($states.result.NextToken) ? $states.result.NextToken : ""'),
    oldest: jsonata('$exists($states.result.Executions[-1]) ? $states.result.Executions[-1].ExecutionArn : ""'),
    turnSeconds: Math.max(AGAIN_SECONDS, Math.ceil((maxWaitHours * 3600) / MOST_TIMES)),
  };
  const waited = "$toMillis($states.context.State.EnteredTime) - $toMillis($states.context.Execution.StartTime)";
  return {
    TakePlace: { Type: "Pass", Assign: { turnSeconds: FIRST_SECONDS, cause: "other executions were still running" }, Next: "WaitForTurn" },
    WaitForTurn: { Type: "Wait", Seconds: jsonata("$turnSeconds"), Next: "ListExecutions" },
    ListExecutions: sdkTask("sfn:listExecutions", list, { next: "CheckTurn", assign, catch: [failsAs("ListingFailed")] }),
    ListMoreExecutions: sdkTask(
      "sfn:listExecutions",
      { ...list, NextToken: jsonata("$page") },
      { next: "CheckTurn", assign, catch: [failsAs("ListingFailed")] },
    ),
    CheckTurn: choice(
      [
        { when: '$page != ""', next: "ListMoreExecutions" },
        { when: "$oldest = $states.context.Execution.Id", next },
        { when: `${waited} > ${maxWaitHours * 3_600_000}`, next: "NoTurn" },
      ],
      "WaitForTurn",
    ),
    NoTurn: fail(
      `this one waited for ${maxWaitHours} hours (pipeline.maxWaitHours); look for an execution that hangs and stop it.`,
      "NoTurn",
    ),
    ListingFailed: fail("the pipeline's role must be allowed states:ListExecutions on the state machine.", "ListingFailed"),
  };
}
