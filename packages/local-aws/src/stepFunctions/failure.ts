/** An error of the state language: retried or caught, else it ends the execution. */
export class StateFailure extends Error {
  /**
   * @param error its name, for example `States.Timeout` or `Glue.EntityNotFoundException`
   * @param reason value of `Cause` @default none
   */
  constructor(
    readonly error: string,
    readonly reason?: string,
  ) {
    super(`${error}: ${reason ?? ""}`);
    this.name = "StateFailure";
  }

  /** Value of `$states.errorOutput`. */
  get output(): { Error: string; Cause?: string } {
    return { Error: this.error, ...(this.reason === undefined ? {} : { Cause: this.reason }) };
  }
}

/** Reason for which an execution is ended from outside. */
export class Ending extends Error {
  constructor(
    readonly type: "ExecutionAborted" | "ExecutionTimedOut",
    readonly details: { error?: string; cause?: string },
  ) {
    super(type);
    this.name = type;
  }
}

/** Maximum bytes of an input, output or result: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const MAX_DATA_BYTES = 262_144;

/** @throws StateFailure States.DataLimitExceeded */
export function withinLimit<T>(value: T, what: string): T {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= MAX_DATA_BYTES) return value;
  throw new StateFailure("States.DataLimitExceeded", `${what} has ${bytes} bytes, more than the ${MAX_DATA_BYTES} that are allowed`);
}

/** Rejects as soon as the signal aborts, without waiting for the work. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
