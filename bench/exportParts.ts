import { gzipSync } from "node:zlib";
import { generator } from "./numbers";

/** Bytes of whole lines, plain and as a gzip member of its own. */
export interface Block {
  plain: Buffer;
  gz: Buffer;
}

/** Parts as UNLOAD leaves them: each a row of blocks. */
export interface Parts {
  parts: Block[][];
  rows: number;
  /** Of all lines. */
  bytes: number;
}

const BLOCK_ROWS = 25_000;
const BLOCKS = 16;

/**
 * Makes the same blocks of interactions for the same seed: users and items at random, popular items more often.
 *
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
 * Makes parts of about the same size out of blocks, again and again.
 *
 * @param bytes of all parts together, about
 */
export function makeParts(blocks: readonly Block[], count: number, bytes: number): Parts {
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
