import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** Forwards connections and counts their bytes, headers included. */
export interface CountingProxy {
  url: string;
  /** Bytes since the last call: to the client, and from it. */
  count(): { down: number; up: number };
  stop(): Promise<void>;
}

/**
 * Starts a proxy on the loopback address.
 *
 * @param endpoint `http://` address that it forwards connections to
 */
export async function startCountingProxy(endpoint: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(endpoint);
  const counted = { down: 0, up: 0 };
  const sockets = new Set<Socket>();
  const forward = (client: Socket) => {
    const service = connect({ host: hostname, port: Number(port), noDelay: true });
    client.on("data", (chunk) => (counted.up += chunk.length)).pipe(service);
    service.on("data", (chunk) => (counted.down += chunk.length)).pipe(client);
    for (const [socket, other] of [
      [client, service],
      [service, client],
    ]) {
      sockets.add(socket);
      socket
        .on("error", () => socket.destroy())
        .on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
  };
  const server = createServer({ noDelay: true }, forward);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => {
      const { down, up } = counted;
      counted.down = counted.up = 0;
      return { down, up };
    },
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
