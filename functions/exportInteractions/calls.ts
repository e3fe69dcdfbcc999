import type { Readable } from "node:stream";

const LAST_CALL_MILLISECONDS = 3000;

/** Options that every call passes to the SDK. */
export interface CallOptions {
  abortSignal: AbortSignal;
}

/** Makes calls until something stops them all. */
export interface Calls {
  /**
   * Makes a call and waits for what it gives.
   *
   * @throws the reason of the stop once there is one, whatever the call is waiting for
   */
  make<T>(call: (options: CallOptions) => Promise<T>): Promise<T>;
  /**
   * Reads a body to its end.
   *
   * @throws the reason of the stop once there is one
   */
  read(body: Readable): AsyncGenerator<Buffer>;
  /** Makes a call that a stop does not stop, but that may take 3 seconds at most. */
  makeAnyway<T>(call: (options: CallOptions) => Promise<T>): Promise<T>;
  /** Calls made so far; a repetition by the SDK is part of its call. */
  count(): number;
}

/** @param signal its abortion stops the calls; the reason is what they throw then */
export function makeCalls(signal: AbortSignal): Calls {
  let count = 0;
  return {
    make: <T>(call: (options: CallOptions) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        const stop = () => reject(signal.reason as Error);
        if (signal.aborted) return stop();
        signal.addEventListener("abort", stop, { once: true });
        count += 1;
        call({ abortSignal: signal })
          .then(resolve, reject)
          .finally(() => signal.removeEventListener("abort", stop));
      }),
    read: async function* (body) {
      const stop = () => body.destroy(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      try {
        for await (const chunk of body) {
          if (signal.aborted) throw signal.reason as Error;
          yield chunk as Buffer;
        }
      } finally {
        signal.removeEventListener("abort", stop);
        body.destroy();
      }
    },
    makeAnyway: (call) => {
      count += 1;
      return call({ abortSignal: AbortSignal.timeout(LAST_CALL_MILLISECONDS) });
    },
    count: () => count,
  };
}
