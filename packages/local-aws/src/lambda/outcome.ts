/** An error as a function's caller receives it. */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** What an invocation came to. */
export type Outcome = { ok: true; payload: string } | { ok: false; error: FunctionError };

export const failed = (error: FunctionError): Outcome => ({ ok: false, error });

/** The process was killed at the function's timeout. */
export function timedOut(requestId: string, seconds: number): Outcome {
  return failed({
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`,
  });
}

/** The process ended by itself. */
export function exited(requestId: string, code: number | null, signal: string | null): Outcome {
  const how =
    signal !== null ? `with error: signal: ${signal}` : code === 0 ? "without providing a reason" : `with error: exit status ${code}`;
  return failed({ errorType: "Runtime.ExitError", errorMessage: `RequestId: ${requestId} Error: Runtime exited ${how}` });
}
