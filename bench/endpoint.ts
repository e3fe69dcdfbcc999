import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { setTimeout } from "node:timers/promises";

/** A PutEvents endpoint in its own process. */
export interface Endpoint {
  url: string;
  stats(): Promise<{ calls: number; events: number }>;
  stop(): Promise<void>;
}

/**
 * Starts a PutEvents endpoint.
 *
 * @param recorder script to run; when it does not exist, this file is the endpoint, without validation
 * @param latencyMilliseconds delay of each response
 */
export async function startEndpoint(recorder: string, latencyMilliseconds: number): Promise<Endpoint> {
  const port = await freePort();
  const args = ["--port", String(port), "--latency", String(latencyMilliseconds)];
  const child = existsSync(recorder)
    ? fork(recorder, args, { execArgv: [], silent: true })
    : fork(__filename, args, { execArgv: ["-r", "ts-node/register"], silent: true });
  const url = `http://127.0.0.1:${port}`;
  const stats = async () => (await (await fetch(`${url}/stats`)).json()) as { calls: number; events: number };
  await untilReady(child, stats);
  return {
    url,
    stats,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}

async function untilReady(child: ChildProcess, stats: () => Promise<unknown>): Promise<void> {
  while (child.exitCode === null) {
    try {
      await stats();
      return;
    } catch {
      await setTimeout(50);
    }
  }
  throw new Error(`the endpoint exited with ${child.exitCode}`);
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function serve(port: number, latencyMilliseconds: number): void {
  let calls = 0;
  let events = 0;
  createServer((request, response) => {
    if (request.url === "/stats") return void response.end(JSON.stringify({ calls, events }));
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      calls += 1;
      events += (JSON.parse(body) as { eventList: unknown[] }).eventList.length;
      void setTimeout(latencyMilliseconds).then(() => response.end("{}"));
    });
  }).listen(port, "127.0.0.1");
}

if (require.main === module) serve(Number(process.argv[3]), Number(process.argv[5]));
