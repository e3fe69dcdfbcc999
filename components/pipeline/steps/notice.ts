import type { DefinitionArgs } from "../definition";
import { catchTo, jsonata, sdkTask, type Step } from "../states";

/** What a notice says besides the run and the reason of its decision. */
export interface Notice {
  /** What happened, in a few ASCII words, for example `kept the version that serves`. */
  event: string;
  /** What to do next, in full sentences. */
  advice: string;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: less than 100 characters of ASCII without control characters */
const SUBJECT = /^[!-~][ -~]{0,98}$/;

const NOT_SENT = '$training.reason & "; the notice could not be sent: " & $cause';

/**
 * Publishes `$training.reason` to the topic of notices. A notice never fails the run: where it cannot be sent, `$training.reason` says so.
 * A publish that is retried may send it twice.
 *
 * @throws Error when the subject breaks a rule of the service
 */
export function publishNotice({ context, noticesTopicArn }: Pick<DefinitionArgs, "context" | "noticesTopicArn">, notice: Notice): Step {
  const { tenant, stage } = context;
  const subject = `${tenant} ${stage}: ${notice.event}`;
  if (!SUBJECT.test(subject)) {
    throw new Error(
      `subject of a notice must have at most 99 printable ASCII characters, got ${subject.length} in ${JSON.stringify(subject)}`,
    );
  }
  const lines = [
    JSON.stringify(`The pipeline of tenant ${tenant} in stage ${stage} ${notice.event}.`),
    '"Reason: " & $training.reason',
    '"Solution version: " & $training.solutionVersionArn',
    '"Run: " & $runId & " of run date " & $runDate & ", run key " & $runKey',
    '"Execution: " & $states.context.Execution.Id',
    JSON.stringify(`What to do: ${notice.advice}`),
  ];
  return {
    first: "PublishNotice",
    states: (next) => ({
      PublishNotice: sdkTask(
        "sns:publish",
        { TopicArn: noticesTopicArn, Subject: subject, Message: jsonata(`$join([${lines.join(", ")}], "\\n")`) },
        { next, catch: [catchTo("NoticeNotSent")] },
      ),
      NoticeNotSent: {
        Type: "Pass",
        Assign: { training: jsonata(`$merge([$training, {"reason": ${NOT_SENT}}])`) },
        Next: next,
      },
    }),
  };
}
