const MOST_AHEAD = 16;
const MOST_AHEAD_BYTES = 16 * 1024 ** 2;

/**
 * Reads ranges before they are asked for: at most 16 of them, and about 16 MiB.
 *
 * @returns gives the bytes of the next range; throws what reading it threw
 */
export function readAhead<R extends { start: number; end: number }>(
  ranges: readonly R[],
  read: (range: R) => Promise<Buffer>,
): () => Promise<Buffer> {
  const waiting = ranges.values();
  const ahead: { reading: Promise<Buffer>; bytes: number }[] = [];
  let aheadBytes = 0;
  const startMore = () => {
    while (ahead.length < MOST_AHEAD && aheadBytes < MOST_AHEAD_BYTES) {
      const { value: range, done } = waiting.next();
      if (done) return;
      const reading = read(range);
      // Whoever asks for it learns of a failure; nobody may.
      reading.catch(() => {});
      const bytes = range.end - range.start;
      ahead.push({ reading, bytes });
      aheadBytes += bytes;
    }
  };
  return async () => {
    startMore();
    const first = ahead.shift();
    if (!first) throw new Error("there is no range left to read");
    const bytes = await first.reading;
    aheadBytes -= first.bytes;
    return bytes;
  };
}
