/**
 * Makes a seeded stream of numbers in [0, 1) (SplitMix32 over the seed's two halves). Equal seeds give equal streams.
 *
 * @param seed whole number from 0 to 2^53 - 1
 */
export function seededRandom(seed: number): () => number {
  let state = mix(seed >>> 0) ^ mix(Math.floor(seed / 2 ** 32) + 0x51ed270b);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state) / 2 ** 32;
  };
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x21f0aaad);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/**
 * Draws a whole number from low to high, both included.
 *
 * @param random numbers in [0, 1)
 */
export function wholeNumber(random: () => number, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
