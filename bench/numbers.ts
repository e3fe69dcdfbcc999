/**
 * Median of at least one number; of an even count, the mean of the middle two.
 *
 * @throws Error when there is no number
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("median needs at least one value, got none");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/**
 * A linear congruential generator.
 *
 * @param seed equal seeds give equal numbers
 * @returns a function that returns the next number, from 0 up to 1
 */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
