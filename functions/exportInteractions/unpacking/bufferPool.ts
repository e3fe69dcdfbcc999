/** Buffers that are used again and again, so that memory stays what it is. */
export interface BufferPool {
  /** Bytes of each buffer. */
  size: number;
  /** Waits for a free one. */
  take(): Promise<Buffer>;
  /** Gives one back; nothing may read it any more. */
  give(buffer: Buffer): void;
}

/** @param count of the buffers: each is made when it is first needed */
export function makeBufferPool(count: number, size: number): BufferPool {
  const free: Buffer[] = [];
  const waiting: ((buffer: Buffer) => void)[] = [];
  let made = 0;
  return {
    size,
    take: async () => {
      const buffer = free.pop();
      if (buffer) return buffer;
      if (made === count) return new Promise((resolve) => waiting.push(resolve));
      made += 1;
      return Buffer.allocUnsafeSlow(size);
    },
    give: (buffer) => {
      const next = waiting.shift();
      if (next) next(buffer);
      else free.push(buffer);
    },
  };
}
