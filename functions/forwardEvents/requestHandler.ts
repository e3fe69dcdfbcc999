import * as http from "node:http";
import * as https from "node:https";

const BROKEN_CONNECTION = ["ECONNRESET", "EPIPE", "ETIMEDOUT"];

/** A signed request. */
export interface SignedRequest {
  protocol: string;
  hostname: string;
  port?: number;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A whole answer. */
export interface HttpAnswer {
  statusCode: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface RequestHandlerOptions {
  /** Connections that are kept open, and requests at a time. */
  connections: number;
  connectMilliseconds: number;
  /** From the request's start to its answer's last byte. */
  answerMilliseconds: number;
  userAgent: string;
}

export interface RequestHandler {
  /** @throws Error named TimeoutError when no answer comes in time or the connection breaks; the connection is given up */
  handle(request: SignedRequest): Promise<HttpAnswer>;
  destroy(): void;
}

/** Sends small requests over connections that it keeps, with fewer timers, listeners and streams a call than the SDK's own handler. */
export function makeRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { connections, connectMilliseconds, answerMilliseconds, userAgent } = options;
  const agentOptions = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
  const plain = new http.Agent(agentOptions);
  const tls = new https.Agent(agentOptions);
  const handle: RequestHandler["handle"] = ({ protocol, hostname, port, method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const where = { host: hostname, port, method, path, headers: { ...headers, "user-agent": userAgent } };
      const request = protocol === "https:" ? https.request({ ...where, agent: tls }) : http.request({ ...where, agent: plain });
      const timers: NodeJS.Timeout[] = [];
      const settle = () => timers.forEach((timer) => clearTimeout(timer));
      const giveUp = (error: Error) => {
        settle();
        request.destroy();
        reject(error);
      };
      const fail = (error: NodeJS.ErrnoException) =>
        giveUp(BROKEN_CONNECTION.includes(error.code ?? "") ? Object.assign(error, { name: "TimeoutError" }) : error);
      const late = (what: string, milliseconds: number) =>
        giveUp(Object.assign(new Error(`no ${what} within ${milliseconds} ms`), { name: "TimeoutError" }));
      timers.push(setTimeout(late, answerMilliseconds, "answer", answerMilliseconds));
      request.on("error", fail);
      request.on("socket", (socket) => {
        if (!socket.connecting) return;
        const connecting = setTimeout(late, connectMilliseconds, "connection", connectMilliseconds);
        timers.push(connecting);
        socket.once("connect", () => clearTimeout(connecting));
      });
      request.on("response", (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("error", fail);
        answer.on("data", (part: string) => (text += part));
        answer.on("end", () => {
          settle();
          resolve({ statusCode: answer.statusCode ?? 0, headers: answer.headers, body: text });
        });
      });
      request.end(body);
    });
  return {
    handle,
    destroy: () => {
      plain.destroy();
      tls.destroy();
    },
  };
}
