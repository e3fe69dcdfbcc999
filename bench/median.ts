/**
 * Median of at least one number; of an even count the mean of the middle two.
 *
 * @throws Error when there is none
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("median needs at least one value, got none");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}
