import { failure } from "../shared/failure";

/** Three quarters of 2^26 slots. */
export const MOST_IDS = 50_331_648;
const FEWEST_SLOTS = 1024;
/** Spreads the slots that follow each other: 2^32 divided by the golden ratio. */
const STRIDE = 0x9e3779b1;
const REPEATED = 1;
const HASHED = ~REPEATED;

/**
 * Distinct ids, and which of them came more than once. It keeps 63 bits of a hash of each: of 50 million ids two have the same hash at a
 * chance of 1 to 7,000. An id takes 11 to 21 bytes, and up to 32 while the set grows.
 */
export interface IdSet {
  /**
   * Adds the id that is at `from` up to before `to`.
   *
   * @throws Error named TooManyIds above MOST_IDS distinct ids
   */
  add(bytes: Uint8Array, from: number, to: number): void;
  /** Distinct ids. */
  size(): number;
  /** Those that were added twice or more. */
  repeated(): number;
  /** Bytes that `encode` writes. */
  encodedBytes(): number;
  /** Writes every id's hash at an offset, in an order that suits a set that they are added to. */
  encode(into: Buffer, offset: number): void;
  /** Adds what `encode` wrote: an id of both sets is one that came more than once. */
  addEncoded(from: Buffer, offset: number, count: number): void;
}

/** @param what the ids are, for the error */
export function makeIdSet(what: string): IdSet {
  /** Two words a slot: one half of the hash; the other half, whose lowest bit says "more than once". Both are 0 in a free slot. */
  let words = new Uint32Array(2 * FEWEST_SLOTS);
  let mask = FEWEST_SLOTS - 1;
  let [size, repeated] = [0, 0];

  const grow = () => {
    if (size >= MOST_IDS) throw failure("TooManyIds", `A run's ${what} must be at most ${MOST_IDS} distinct ones, got more`);
    const [old, slots] = [words, 2 * (mask + 1)];
    words = new Uint32Array(2 * slots);
    mask = slots - 1;
    for (let from = 0; from < old.length; from += 2) {
      if ((old[from] | old[from + 1]) === 0) continue;
      let at = 2 * (old[from] & mask);
      while ((words[at] | words[at + 1]) !== 0) at = (at + 2) & (2 * mask);
      words[at] = old[from];
      words[at + 1] = old[from + 1];
    }
  };
  /** @param flag REPEATED when the id came more than once already, or 0 */
  const put = (one: number, other: number, flag: number) => {
    const table = words;
    const last = 2 * mask;
    const low = one >>> 0;
    const high = (one === 0 && (other & HASHED) === 0 ? 2 : other & HASHED) >>> 0;
    let at = 2 * (low & mask);
    for (let there = table[at + 1]; (table[at] | there) !== 0; there = table[at + 1]) {
      if (table[at] === low && (there & HASHED) >>> 0 === high) {
        if ((there & REPEATED) === 0) {
          table[at + 1] = there | REPEATED;
          repeated++;
        }
        return;
      }
      at = (at + 2) & last;
    }
    table[at] = low;
    table[at + 1] = high | flag;
    size++;
    repeated += flag;
    if (4 * size >= 3 * (mask + 1)) grow();
  };

  return {
    /** Two lanes of multiplications and rotations as MurmurHash3 has them, each of which feeds the other. */
    add: (bytes, from, to) => {
      let one = to - from;
      let other = STRIDE;
      for (let at = from; at < to; at += 4) {
        const left = to - at;
        const word =
          left >= 4
            ? bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
            : bytes[at] | (left > 1 ? bytes[at + 1] << 8 : 0) | (left > 2 ? bytes[at + 2] << 16 : 0);
        const x = one ^ Math.imul(word, 0xcc9e2d51);
        const y = other ^ Math.imul(word, 0x85ebca6b);
        one = (Math.imul((x << 15) | (x >>> 17), 0x1b873593) + other) | 0;
        other = (Math.imul((y << 13) | (y >>> 19), 0xc2b2ae35) + one) | 0;
      }
      one = Math.imul(one ^ (one >>> 16), 0x85ebca6b);
      other = Math.imul(other ^ (other >>> 15), 0xc2b2ae35) ^ one;
      one = Math.imul(one ^ (one >>> 13) ^ other, 0xc2b2ae35);
      put(one ^ (one >>> 16), other ^ (other >>> 16), 0);
    },
    size: () => size,
    repeated: () => repeated,
    encodedBytes: () => 8 * size,
    encode: (into, offset) => {
      let to = offset;
      for (let i = 0; i <= mask; i++) {
        const at = 2 * (Math.imul(i, STRIDE) & mask);
        if ((words[at] | words[at + 1]) === 0) continue;
        into.writeUInt32LE(words[at], to);
        into.writeUInt32LE(words[at + 1], to + 4);
        to += 8;
      }
    },
    addEncoded: (from, offset, count) => {
      for (let at = offset; at < offset + 8 * count; at += 8) {
        const other = from.readUInt32LE(at + 4);
        put(from.readUInt32LE(at), other, other & REPEATED);
      }
    },
  };
}
