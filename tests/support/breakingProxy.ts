import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Forwards requests, and breaks some answers off. */
export interface BreakingProxy {
  url: string;
  /** Answers broken off so far. */
  broken(): number;
  stop(): Promise<void>;
}

/** Which answers break off. */
export interface Breaks {
  /** Path of the requests. */
  path: string;
  /** Bytes of the answer after which it breaks off, about. */
  bytes: number;
  /** How many answers break off. */
  times: number;
  /** Called before the connection breaks. */
  onBreak?: () => Promise<void>;
}

/**
 * Starts a proxy on the loopback address.
 *
 * @param endpoint `http://` address that it forwards requests to
 */
export async function startBreakingProxy(endpoint: string, { path, bytes, times, onBreak }: Breaks): Promise<BreakingProxy> {
  let broken = 0;
  const answer = async (from: IncomingMessage, to: ServerResponse, breaks: boolean) => {
    to.writeHead(from.statusCode ?? 502, from.headers);
    let sent = 0;
    for await (const chunk of from as AsyncIterable<Buffer>) {
      sent += chunk.length;
      if (breaks && sent > bytes && broken < times) {
        broken += 1;
        await onBreak?.();
        return to.destroy();
      }
      if (!to.write(chunk)) await once(to, "drain");
    }
    return to.end();
  };
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = "" } = incoming;
    const passed = request(`${endpoint}${url}`, { method, headers }, (from) => {
      answer(from, outgoing, method === "GET" && url.split("?")[0] === path).catch(() => outgoing.destroy());
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    broken: () => broken,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
