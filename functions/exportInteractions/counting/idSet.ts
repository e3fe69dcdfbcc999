import { failure } from "../../shared/failure";

/** Three quarters of 2^24 slots: what two units and the whole of a run take of the function's memory. */
export const MOST_IDS = 12_582_912;
const FEWEST_SLOTS = 1024;

/**
 * Distinct ids, and which of them came more than once. It keeps 63 bits of a hash of each: that two of 12 million ids have the same is a
 * chance of 1 to 100,000. An id takes 11 to 21 bytes, and up to 32 while the set grows.
 */
export interface IdSet {
  /**
   * Adds the id that is at `from` up to before `to`, behind which there are 3 bytes more, whatever they are.
   *
   * @throws Error named TooManyIds at MOST_IDS distinct ids
   */
  add(bytes: DataView, from: number, to: number): void;
  /** Distinct ids. */
  size(): number;
  /** Those that were added twice or more. */
  repeated(): number;
  /** Bytes that `encode` writes. */
  encodedBytes(): number;
  /** Writes every id at an offset; not in the order of the slots, which would crowd a part of the set that they are added to. */
  encode(into: Buffer, offset: number): void;
  /** Adds what `encode` wrote: an id of both sets is one that came more than once. */
  addEncoded(from: Buffer, offset: number, count: number): void;
}

/**
 * What runs once a row uses names of this function alone: every other name is looked up anew each time in serialized code, by `with`.
 *
 * @param what the ids are, for the error
 */
export function makeIdSet(what: string): IdSet {
  const { imul } = Math;
  /** Twice an odd number, so that its multiples reach every slot once: 2^32 divided by the golden ratio, which spreads them. */
  const STRIDE = 0x9e3779b2;
  const REPEATED = 1;
  const HASHED = ~REPEATED;
  /** Two words a slot: one half of the hash; the other half, whose lowest bit says "more than once". Both are 0 in a free slot. */
  let words = new Int32Array(2 * FEWEST_SLOTS);
  let last = words.length - 2;
  let size = 0;
  let repeated = 0;

  /** Mixes a half of a hash with four bytes: the multiplication spreads them upwards, the rotation brings them back. */
  const mixOne = (half: number, word: number) => {
    const mixed = imul(half ^ word, 0x9e3779b1);
    return (mixed << 15) | (mixed >>> 17);
  };
  const mixOther = (half: number, word: number) => {
    const mixed = imul(half ^ word, 0x85ebca6b);
    return (mixed << 13) | (mixed >>> 19);
  };
  const grow = () => {
    if (size >= MOST_IDS)
      throw failure("TooManyIds", `A run's ${what} must be fewer than ${MOST_IDS} distinct ones, got as many: take export.engine glue`);
    const old = words;
    words = new Int32Array(2 * old.length);
    last = words.length - 2;
    for (let from = 0; from < old.length; from += 2) {
      if ((old[from] | old[from + 1]) === 0) continue;
      let at = (old[from] << 1) & last;
      while ((words[at] | words[at + 1]) !== 0) at = (at + 2) & last;
      words[at] = old[from];
      words[at + 1] = old[from + 1];
    }
  };
  /** @param flag REPEATED when the id came more than once already, or 0 */
  const put = (one: number, other: number, flag: number) => {
    const high = (one | (other & HASHED)) === 0 ? HASHED : other & HASHED;
    const table = words;
    const end = last;
    let at = (one << 1) & end;
    for (let there = table[at + 1]; (table[at] | there) !== 0; there = table[at + 1]) {
      if (table[at] === one && (there & HASHED) === high) {
        if ((there & REPEATED) !== 0) return;
        table[at + 1] = there | REPEATED;
        repeated++;
        return;
      }
      at = (at + 2) & end;
    }
    table[at] = one;
    table[at + 1] = high | flag;
    size++;
    repeated += flag;
    if (8 * size >= 3 * words.length) grow();
  };

  return {
    add: (bytes, from, to) => {
      let one = to - from;
      let other = ~one;
      let at = from;
      for (; at + 4 <= to; at += 4) {
        const word = bytes.getInt32(at, true);
        one = mixOne(one, word);
        other = mixOther(other, word);
      }
      if (at < to) {
        const word = bytes.getInt32(at, true) & ~(-1 << (8 * (to - at)));
        one = mixOne(one, word);
        other = mixOther(other, word);
      }
      one = imul(one ^ (one >>> 16), 0x85ebca6b);
      other = imul(other ^ (other >>> 15), 0xc2b2ae35) ^ one;
      one = imul(other ^ (one >>> 13) ^ (other >>> 16), 0x27d4eb2f) ^ one;
      put(one ^ (one >>> 15), other, 0);
    },
    size: () => size,
    repeated: () => repeated,
    encodedBytes: () => 8 * size,
    encode: (into, offset) => {
      let to = offset;
      let at = 0;
      for (let left = words.length; left > 0; left -= 2) {
        at = (at + STRIDE) & last;
        if ((words[at] | words[at + 1]) === 0) continue;
        into.writeInt32LE(words[at], to);
        into.writeInt32LE(words[at + 1], to + 4);
        to += 8;
      }
    },
    addEncoded: (from, offset, count) => {
      for (let at = offset; at < offset + 8 * count; at += 8) {
        const other = from.readInt32LE(at + 4);
        put(from.readInt32LE(at), other, other & REPEATED);
      }
    },
  };
}
