/** Cuts a stream into uploads. */
export interface Cutter {
  /** An upload's bytes as soon as they are together. */
  push(chunk: Buffer): Buffer | undefined;
  /** What is left, if anything. */
  end(): Buffer | undefined;
}

/**
 * Makes uploads of `size` bytes, the last one of at least `least` bytes where the stream has as many, and of less than their sum and a
 * chunk.
 */
export function makeCutter(size: number, least: number): Cutter {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    push: (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < size + least) return undefined;
      const all = Buffer.concat(chunks);
      const rest = Buffer.from(all.subarray(size));
      [chunks, bytes] = [[rest], rest.length];
      return all.subarray(0, size);
    },
    end: () => (bytes === 0 ? undefined : Buffer.concat(chunks)),
  };
}
