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

/** A complete response. */
export interface HttpResponse {
  statusCode: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface RequestHandlerOptions {
  /** Most connections, and most concurrent requests. */
  connections: number;
  /** Time limit for opening a connection. */
  connectMilliseconds: number;
  /** Time limit from the start of the request to the last byte of the response. */
  responseMilliseconds: number;
  /** Value of the `user-agent` header. */
  userAgent: string;
}

/** Sends requests over kept-alive connections. */
export interface RequestHandler {
  /** @throws Error named TimeoutError when a time limit is exceeded or the connection breaks; the connection is closed then */
  handle(request: SignedRequest): Promise<HttpResponse>;
  /** Closes all connections. */
  destroy(): void;
}

/** Makes a handler for small requests that needs fewer timers, listeners and streams per request than the SDK's own. */
export function makeRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { connections, connectMilliseconds, responseMilliseconds, userAgent } = options;
  const agentOptions = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
  const httpAgent = new http.Agent(agentOptions);
  const httpsAgent = new https.Agent(agentOptions);
  const handle: RequestHandler["handle"] = ({ protocol, hostname, port, method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const target = { host: hostname, port, method, path, headers: { ...headers, "user-agent": userAgent } };
      const request =
        protocol === "https:" ? https.request({ ...target, agent: httpsAgent }) : http.request({ ...target, agent: httpAgent });
      const timers: NodeJS.Timeout[] = [];
      const clearTimers = () => timers.forEach((timer) => clearTimeout(timer));
      const abort = (error: Error) => {
        clearTimers();
        request.destroy();
        reject(error);
      };
      const fail = (error: NodeJS.ErrnoException) =>
        abort(BROKEN_CONNECTION.includes(error.code ?? "") ? Object.assign(error, { name: "TimeoutError" }) : error);
      const timeOut = (what: string, milliseconds: number) => abort(timeoutError(what, milliseconds));
      timers.push(setTimeout(timeOut, responseMilliseconds, "response", responseMilliseconds));
      request.on("error", fail);
      request.on("socket", (socket) => {
        if (!socket.connecting) return;
        const connecting = setTimeout(timeOut, connectMilliseconds, "connection", connectMilliseconds);
        timers.push(connecting);
        socket.once("connect", () => clearTimeout(connecting));
      });
      request.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("error", fail);
        response.on("data", (part: string) => (text += part));
        response.on("end", () => {
          clearTimers();
          resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      request.end(body);
    });
  return {
    handle,
    destroy: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/**
 * Waits for a promise, but no longer than a time limit. What the promise stands for is not cancelled.
 *
 * @throws Error named TimeoutError when the time is up
 */
export function withTimeout<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timeoutError("response", milliseconds)), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function timeoutError(what: string, milliseconds: number): Error {
  return Object.assign(new Error(`no ${what} within ${milliseconds} ms`), { name: "TimeoutError" });
}
