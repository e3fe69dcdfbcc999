/**
 * Spaces calls evenly, across all invocations of a container.
 *
 * @param callsPerSecond highest rate
 * @param now a clock in milliseconds
 * @returns takes the next place and tells how many milliseconds from now it is
 */
export function makePacer(callsPerSecond: number, now: () => number): () => number {
  let next = -Infinity;
  return () => {
    const time = now();
    const place = Math.max(next, time);
    next = place + 1000 / callsPerSecond;
    return place - time;
  };
}
