import * as assert from "node:assert/strict";
import { classify } from "../../../functions/forwardEvents/classify";

const failure = (name: string, status?: number, message = "no") => ({ name, message, status });

describe("classify", () => {
  it("tells what passes from what somebody must set right and from bad events", () => {
    const cases: [string, number | undefined, string][] = [
      ["ThrottlingException", 400, "transient"],
      ["TooManyRequestsException", 429, "transient"],
      ["InternalServerError", 500, "transient"],
      ["ServiceUnavailable", 503, "transient"],
      ["ResourceInUseException", 409, "transient"],
      ["TimeoutError", undefined, "transient"],
      ["Error", undefined, "transient"],
      ["InvalidInputException", 400, "rejected"],
      ["ValidationException", 400, "rejected"],
      ["SerializationException", 400, "rejected"],
      ["AccessDeniedException", 403, "misconfigured"],
      ["ResourceNotFoundException", 404, "misconfigured"],
      ["UnrecognizedClientException", 403, "misconfigured"],
      ["UnknownOperationException", 400, "misconfigured"],
    ];
    for (const [name, status, verdict] of cases) {
      const answer = classify(failure(name, status));
      assert.equal(answer.verdict, verdict, name);
      assert.equal(answer.throttled, name === "ThrottlingException" || status === 429, name);
    }
  });

  it("blames the settings when the message names the tracker", () => {
    for (const message of ["Invalid tracking id", "Event tracker is not active", "trackingId must be ..."]) {
      assert.equal(classify(failure("InvalidInputException", 400, message)).verdict, "misconfigured", message);
    }
  });

  it("blames the event when its own text is only like it", () => {
    for (const text of ["soundtracking", "fitness tracker", "event tracker", "trackingId"]) {
      const message = `Value '${text}' at 'eventList.1.member.eventType' failed to satisfy constraint`;
      assert.equal(classify(failure("InvalidInputException", 400, message)).verdict, "rejected", text);
    }
  });

  it("counts a broken connection as one attempt that passes", () => {
    assert.deepEqual(classify(new Error("ECONNRESET")), { verdict: "transient", attempts: 1, throttled: false, error: "Error" });
  });
});
