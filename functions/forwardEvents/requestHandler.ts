import * as http from "node:http";
import * as https from "node:https";

const BROKEN_CONNECTION = ["ECONNRESET", "EPIPE", "ETIMEDOUT"];

/** A signed request as the SDK's client hands it over. */
export interface SignedRequest {
  protocol: string;
  hostname: string;
  port?: number;
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** A whole answer as the SDK's client takes it. */
export interface HttpAnswer {
  response: { statusCode: number; reason?: string; headers: http.IncomingHttpHeaders; body: Uint8Array };
}

export interface RequestHandlerOptions {
  /** Connections that are kept open, and requests at a time. */
  connections: number;
  connectMilliseconds: number;
  /** From the request's start to its answer's last byte. */
  answerMilliseconds: number;
  userAgent: string;
}

/** The part of an AbortSignal that is used. */
export interface Abortable {
  readonly aborted: boolean;
  addEventListener?(type: "abort", listener: () => void): void;
  removeEventListener?(type: "abort", listener: () => void): void;
}

/** What the SDK's client needs to send requests. */
export interface RequestHandler {
  metadata: { handlerProtocol: string };
  handle(request: SignedRequest, options?: { abortSignal?: Abortable }): Promise<HttpAnswer>;
  destroy(): void;
}

/**
 * Sends small requests for a client of the SDK, with fewer timers, listeners and streams a call than the SDK's own handler. A call
 * without an answer in time rejects with a TimeoutError, as do broken connections; its connection is given up.
 */
export function makeRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { connections, connectMilliseconds, answerMilliseconds, userAgent } = options;
  const agentOptions = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
  const plain = new http.Agent(agentOptions);
  const tls = new https.Agent(agentOptions);
  const handle: RequestHandler["handle"] = ({ protocol, hostname, port, method, path, headers, body }, { abortSignal } = {}) =>
    new Promise((resolve, reject) => {
      if (abortSignal?.aborted) return reject(named("AbortError", "the request was aborted"));
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
      const late = (what: string, milliseconds: number) => giveUp(named("TimeoutError", `no ${what} within ${milliseconds} ms`));
      if (abortSignal) {
        const abort = () => giveUp(named("AbortError", "the request was aborted"));
        abortSignal.addEventListener?.("abort", abort);
        request.on("close", () => abortSignal.removeEventListener?.("abort", abort));
      }
      timers.push(setTimeout(late, answerMilliseconds, "answer", answerMilliseconds));
      request.on("error", fail);
      request.on("socket", (socket) => {
        if (!socket.connecting) return;
        const connecting = setTimeout(late, connectMilliseconds, "connection", connectMilliseconds);
        timers.push(connecting);
        socket.once("connect", () => clearTimeout(connecting));
      });
      request.on("response", (answer) => {
        const chunks: Buffer[] = [];
        answer.on("error", fail);
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          settle();
          const { statusCode = 0, statusMessage: reason, headers } = answer;
          resolve({ response: { statusCode, reason, headers, body: Buffer.concat(chunks) } });
        });
      });
      request.end(body);
    });
  return {
    metadata: { handlerProtocol: "http/1.1" },
    handle,
    destroy: () => {
      plain.destroy();
      tls.destroy();
    },
  };
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
