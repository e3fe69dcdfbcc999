import * as assert from "node:assert/strict";
import { publishNotice } from "../../../../components/pipeline/steps/notice";
import { DEFINITION_ARGS } from "../../../support/definitionArgs";
import { executionArn, type Respond, TaskError, walk } from "../../../support/walk";

const NOTICE = { event: "kept the version that serves", advice: "Compare the data of both runs." };
const ARN = "arn:aws:personalize:ap-southeast-1:123456789012:solution/s/1a2b3c4d";
const training = { solutionVersionArn: ARN, metrics: { ndcg: 0.1 }, decision: "kept", reason: 'it says "worse"' };

function publish(respond: Respond) {
  const { first, states } = publishNotice(DEFINITION_ARGS, NOTICE);
  const variables = { training, runId: "0123456789ab-1", runDate: "2026-01-31", runKey: "nightly" };
  const machine = { StartAt: first, States: { ...states("Next"), Next: { Type: "Succeed" } } } as const;
  return walk(machine, { variables, responses: { PublishNotice: respond } });
}

describe("a notice", () => {
  it("says what happened, why, to which run, and what to do", async () => {
    const { states, calls, variables } = await publish(() => ({ MessageId: "1" }));
    assert.deepEqual(states, ["PublishNotice", "Next"]);
    assert.deepEqual(calls.PublishNotice, [
      {
        TopicArn: DEFINITION_ARGS.noticesTopicArn,
        Subject: "acme dev: kept the version that serves",
        Message: [
          "The pipeline of tenant acme in stage dev kept the version that serves.",
          'Reason: it says "worse"',
          `Solution version: ${ARN}`,
          "Run: 0123456789ab-1 of run date 2026-01-31, run key nightly",
          `Execution: ${executionArn()}`,
          "What to do: Compare the data of both runs.",
        ].join("\n"),
      },
    ]);
    assert.deepEqual(variables.training, training);
  });

  it("that cannot be sent does not fail the run, whose reason says so", async () => {
    const { states, variables } = await publish(() => {
      throw new TaskError("Sns.AuthorizationErrorException", "not authorized");
    });
    assert.deepEqual(states, ["PublishNotice", "NoticeNotSent", "Next"]);
    assert.deepEqual(variables.training, { ...training, reason: 'it says "worse"; the notice could not be sent: not authorized' });
  });

  it("has a subject that SNS takes, for the longest tenant and stage too", () => {
    const context = { ...DEFINITION_ARGS.context, tenant: "t".repeat(20), stage: "s".repeat(12) };
    const subjectOf = (event: string) =>
      (publishNotice({ ...DEFINITION_ARGS, context }, { ...NOTICE, event }).states("Next").PublishNotice.Arguments as { Subject: string })
        .Subject;
    assert.equal(subjectOf("e".repeat(64)).length, 99);
    assert.throws(() => subjectOf("e".repeat(65)), { message: /^subject of a notice must have at most 99 .*, got 100 in "t/ });
    assert.throws(() => subjectOf("kept\nit"), /printable ASCII/);
  });
});
