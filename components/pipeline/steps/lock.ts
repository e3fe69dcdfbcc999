import { catchTo, choice, fail, jsonata, sdkTask, type Step } from "../states";

/** Seconds before an execution first checks whether it holds the lock. */
const FIRST_WAIT_SECONDS = 5;
/** Seconds between two checks, unless {@link MOST_CHECKS} asks for more. */
const WAIT_SECONDS = 60;
/** Each check takes 9 of an execution's 25,000 history events: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const MOST_CHECKS = 1440;
/** Keeps a page of executions well below the 256 KiB that a state may take as input. */
const PAGE_SIZE = 100;

/**
 * The execution lock: the oldest running execution holds it, the others wait. ListExecutions returns the newest first, so the oldest is
 * the last of the last page. An execution that the list does not show yet keeps waiting.
 *
 * @param maxWaitHours hours after which an execution that waits fails
 */
export function acquireLock(maxWaitHours: number): Step {
  const list = {
    StateMachineArn: jsonata("$states.context.StateMachine.Id"),
    StatusFilter: "RUNNING",
    MaxResults: PAGE_SIZE,
  };
  const listed = {
    next: "CheckLock",
    assign: {
      page: jsonata('$exists($states.result.NextToken) ? $states.result.NextToken : ""'),
      oldest: jsonata('$exists($states.result.Executions[-1]) ? $states.result.Executions[-1].ExecutionArn : ""'),
      lockWaitSeconds: Math.max(WAIT_SECONDS, Math.ceil((maxWaitHours * 3600) / MOST_CHECKS)),
    },
    catch: [catchTo("LockFailed")],
  };
  const waited = "$toMillis($states.context.State.EnteredTime) - $toMillis($states.context.Execution.StartTime)";
  return {
    first: "AcquireLock",
    states: (next) => ({
      AcquireLock: {
        Type: "Pass",
        Assign: { lockWaitSeconds: FIRST_WAIT_SECONDS, cause: "other executions were still running" },
        Next: "WaitForLock",
      },
      WaitForLock: { Type: "Wait", Seconds: jsonata("$lockWaitSeconds"), Next: "ListExecutions" },
      ListExecutions: sdkTask("sfn:listExecutions", list, listed),
      ListMoreExecutions: sdkTask("sfn:listExecutions", { ...list, NextToken: jsonata("$page") }, listed),
      CheckLock: choice(
        [
          { when: '$page != ""', next: "ListMoreExecutions" },
          { when: "$oldest = $states.context.Execution.Id", next },
          { when: `${waited} > ${maxWaitHours * 3_600_000}`, next: "LockTimeout" },
        ],
        "WaitForLock",
      ),
      LockTimeout: fail(
        `This execution waited for ${maxWaitHours} hours (pipeline.maxWaitHours). Find the execution that hangs and stop it.`,
        "LockTimeout",
      ),
      LockFailed: fail("Allow the pipeline's role to call states:ListExecutions on the state machine.", "LockFailed"),
    }),
  };
}
