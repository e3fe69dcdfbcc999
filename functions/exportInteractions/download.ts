import * as net from "node:net";
import * as tls from "node:tls";

const IDLE_MILLISECONDS = 30_000;
/** As much as TLS gives at a time. */
const SPILL_BYTES = 16_384;
const HEAD_END = "\r\n\r\n";

/** A signed GET of bytes of an object. */
export interface SignedRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
}

/**
 * Reads an object's bytes from a connection of its own straight into memory of the caller. Node's HTTP makes a buffer and several events
 * of every 64 KiB that arrive, over TLS of every 16 KiB: for a large object that costs more than all else but inflating it.
 *
 * @param bytes that the answer, a 206, must have
 * @param memory where they are read to, of 64 KiB or more
 * @param signal its abortion ends the reading with its reason
 * @param idleMilliseconds that the other side may be silent, @default 30 seconds
 * @returns chunks in that memory, full ones but for the last; the next is read when it is asked for. They throw an Error of code
 *   ECONNRESET, after what came before it, when the connection ends or is silent for too long. Undefined: no such answer came
 */
export function download(
  request: SignedRequest,
  bytes: number,
  memory: Buffer,
  signal: AbortSignal,
  idleMilliseconds = IDLE_MILLISECONDS,
): Promise<AsyncGenerator<Buffer> | undefined> {
  /** Of what lies in memory, and of what has not been given. */
  let [filled, left] = [0, bytes];
  let ready: Buffer | undefined;
  /** Whether nobody has asked for more since the last chunk. TLS goes on with what it has decrypted: that waits elsewhere. */
  let paused = false;
  const waiting: Buffer[] = [];
  const spill = Buffer.allocUnsafeSlow(SPILL_BYTES);
  let failure: Error | undefined;
  let answered: ((chunks?: AsyncGenerator<Buffer>) => void) | undefined;
  let wake = () => {};
  let socket: net.Socket;

  const hand = () => {
    ready = memory.subarray(0, Math.min(filled, left));
    [left, filled, paused] = [left - ready.length, 0, true];
    socket.setTimeout(0);
    wake();
  };
  const isDue = () => filled === memory.length || filled >= left || (failure !== undefined && filled > 0);
  /** Gives what makes a chunk. */
  const collect = () => {
    while (waiting.length > 0 && filled < memory.length) {
      const copied = waiting[0].copy(memory, filled);
      filled += copied;
      if (copied === waiting[0].length) waiting.shift();
      else waiting[0] = waiting[0].subarray(copied);
    }
    if (isDue()) hand();
  };
  const readOn = () => {
    paused = false;
    collect();
    if (paused) return;
    socket.setTimeout(idleMilliseconds);
    socket.resume();
  };
  const chunks = async function* (): AsyncGenerator<Buffer> {
    try {
      while (left > 0 || ready) {
        if (!ready && !failure) await new Promise<void>((resolve) => (wake = resolve));
        if (!ready) throw failure as Error;
        const chunk = ready;
        ready = undefined;
        yield chunk;
        if (left > 0) readOn();
      }
    } finally {
      socket.destroy();
    }
  };
  /** Whether the answer is as it must be; undefined while its head is not whole. */
  const readHead = (): boolean | undefined => {
    const end = memory.subarray(0, filled).indexOf(HEAD_END);
    if (end < 0) return filled < memory.length ? undefined : false;
    const head = memory.toString("latin1", 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (!/^HTTP\/1\.1 206 /.test(head) || Number(length) !== bytes) return false;
    memory.copyWithin(0, end + HEAD_END.length, filled);
    filled -= end + HEAD_END.length;
    return true;
  };
  /** @returns whether to read on */
  const take = (count: number, into: Uint8Array): boolean => {
    if (into.buffer === memory.buffer) filled += count;
    else waiting.push(Buffer.from(into.subarray(0, count)));
    if (paused) return false;
    if (answered) {
      const isGood = readHead();
      if (isGood === undefined) return true;
      if (!isGood) {
        socket.destroy();
        return false;
      }
      answered(chunks());
      answered = undefined;
    }
    collect();
    return !paused;
  };
  return new Promise((resolve) => {
    answered = resolve;
    socket = connect(request, { buffer: () => (paused ? spill : memory.subarray(filled)), callback: take });
    const stop = () => socket.destroy(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    socket.setTimeout(idleMilliseconds, () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => {
      signal.removeEventListener("abort", stop);
      failure = signal.aborted ? (signal.reason as Error) : brokenOff(request);
      if (!answered && !paused && isDue()) hand();
      answered?.();
      wake();
    });
    socket.write(headOf(request));
  });
}

function connect({ protocol, hostname, port }: SignedRequest, onread: net.OnReadOpts): net.Socket {
  if (protocol === "http:") return net.connect({ host: hostname, port: port ?? 80, onread });
  return tls.connect({
    host: hostname,
    port: port ?? 443,
    servername: net.isIP(hostname) ? undefined : hostname,
    onread,
  } as tls.ConnectionOptions);
}

function headOf({ path, query, headers }: SignedRequest): string {
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path}?${new URLSearchParams(query).toString()} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

function brokenOff({ path }: SignedRequest): Error {
  return Object.assign(new Error(`"${path}" broke off before its end`), { code: "ECONNRESET" });
}
