import { gzipSync } from "node:zlib";
import { generator } from "./numbers";

/** Whole lines, plain and as a gzip member. */
export interface Block {
  plain: Buffer;
  gz: Buffer;
}

/** Parts as UNLOAD writes them: each is a list of blocks. */
export interface Sample {
  parts: Block[][];
  rows: number;
  /** Of all lines. */
  bytes: number;
}

const BLOCK_ROWS = 25_000;
const BLOCKS = 16;

/**
 * Makes blocks of random interactions, in which some items are more popular than others.
 *
 * @param seed equal seeds give equal blocks
 * @param count @default 16
 */
export function makeBlocks(seed: number, count = BLOCKS): Block[] {
  const random = generator(seed);
  const line = () => {
    const user = Math.floor(random() * 100_000);
    const item = Math.floor(random() ** 3 * 10_000);
    return `user-${user},item-${item},${1_700_000_000 + Math.floor(random() * 10_000_000)},watch\n`;
  };
  return Array.from({ length: count }, () => {
    const plain = Buffer.from(Array.from({ length: BLOCK_ROWS }, line).join(""));
    return { plain, gz: gzipSync(plain) };
  });
}

/**
 * Makes parts of about the same size by repeating blocks.
 *
 * @param count of the parts
 * @param bytes least bytes of all lines
 */
export function makeSample(blocks: readonly Block[], count: number, bytes: number): Sample {
  const parts: Block[][] = Array.from({ length: count }, () => []);
  let made = 0;
  let used = 0;
  for (; made < bytes; used += 1) {
    const block = blocks[used % blocks.length];
    parts[used % count].push(block);
    made += block.plain.length;
  }
  return { parts, rows: used * BLOCK_ROWS, bytes: made };
}
