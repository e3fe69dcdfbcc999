import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came. */
export interface ReceivedRequest {
  method: string;
  /** Path without the query. */
  path: string;
  body: string;
}

/** An answer; `silence` never answers, `disconnect` drops the connection. */
export type ScriptedAnswer = { status: number; errorType?: string; message?: string } | "silence" | "disconnect";

export interface ScriptedEndpoint {
  url: string;
  requests: ReceivedRequest[];
  stop: () => Promise<void>;
}

/** An HTTP server on a free loopback port that answers each request as the script says and remembers what it received. */
export async function scriptedEndpoint(script: (request: ReceivedRequest, index: number) => ScriptedAnswer): Promise<ScriptedEndpoint> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((incoming, response) => {
    void readAll(incoming).then((body) => {
      const request = { method: incoming.method ?? "", path: (incoming.url ?? "").split("?")[0], body };
      const answer = script(request, requests.push(request) - 1);
      if (answer === "silence") return;
      if (answer === "disconnect") return void incoming.socket.destroy();
      const { status, errorType, message } = answer;
      const text = errorType === undefined ? "" : request.method === "PUT" ? xmlError(errorType, message) : JSON.stringify({ message });
      response.writeHead(status, errorType === undefined ? {} : { "x-amzn-errortype": errorType });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function xmlError(code: string, message = ""): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}
