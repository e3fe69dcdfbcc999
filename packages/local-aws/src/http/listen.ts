import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";

export type Request = http.IncomingMessage | http2.Http2ServerRequest;
export type Response = http.ServerResponse | http2.Http2ServerResponse;

/** A listening port. */
export interface Listener {
  port: number;
  /** Closes every connection and the port. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const PREFACE = "PRI";

/**
 * Listens on the loopback address, for HTTP/1.1 and HTTP/2 without TLS on one port:
 * an HTTP/2 client that knows the server beforehand starts with the preface "PRI * HTTP/2.0" (RFC 9113, 3.4).
 *
 * @param port preferred port; another one is taken when it is busy; 0: any
 */
export async function listen(port: number, handle: (request: Request, response: Response) => void): Promise<Listener> {
  const http1 = http.createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 }, handle);
  const multiplexed = http2.createServer(handle);
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    socket.once("data", (start: Buffer) => {
      socket.pause();
      socket.unshift(start);
      const preface = start.subarray(0, PREFACE.length).toString("latin1");
      (preface === PREFACE ? multiplexed : http1).emit("connection", socket);
      process.nextTick(() => socket.resume());
    });
  });
  await bind(server, port);
  return {
    port: (server.address() as net.AddressInfo).port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function bind(server: net.Server, port: number): Promise<void> {
  try {
    server.listen(port, HOST);
    await once(server, "listening");
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    await bind(server, 0);
  }
}
