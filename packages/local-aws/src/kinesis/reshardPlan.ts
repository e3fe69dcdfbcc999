import { splitHashKeys, type HashRange } from "./hashRanges";

/** A step of a resharding: shards that close, by index, and the ranges of those that open, which take the next indexes. */
export interface Change {
  parents: number[];
  ranges: HashRange[];
}

/** A shard to be. */
interface Part {
  index: number;
  range: HashRange;
}

/** A split, where the second child begins at a hash key. */
export const splitAt = ({ index, range }: Part, hashKey: bigint): Change => ({
  parents: [index],
  ranges: [
    { start: range.start, end: hashKey - 1n },
    { start: hashKey, end: range.end },
  ],
});

/** A merge of two neighbours, in whatever order. */
export const merge = (first: Part, second: Part): Change => {
  const [low, high] = first.range.start < second.range.start ? [first, second] : [second, first];
  return { parents: [first.index, second.index], ranges: [{ start: low.range.start, end: high.range.end }] };
};

/**
 * The splits and merges that make a number of shards with even ranges; shards that live shortly come with it.
 *
 * @param open by the order of their ranges
 * @param next index of the next shard
 */
export function planScaling(open: readonly Part[], next: number, target: number): Change[] {
  const changes: Change[] = [];
  const make = (change: Change): Part[] => {
    changes.push(change);
    return change.ranges.map((range) => ({ index: next++, range }));
  };
  const ranges = splitHashKeys(target);
  const parts: Part[] = [];
  let cut = 0;
  for (let rest of open) {
    for (; cut < target && ranges[cut].start <= rest.range.end; cut++) {
      const { start } = ranges[cut];
      if (start === rest.range.start) continue;
      const [low, high] = make(splitAt(rest, start));
      parts.push(low);
      rest = high;
    }
    parts.push(rest);
  }
  let at = 0;
  for (const { end } of ranges) {
    let merged = parts[at++];
    for (; at < parts.length && parts[at].range.end <= end; at++) [merged] = make(merge(merged, parts[at]));
  }
  return changes;
}
