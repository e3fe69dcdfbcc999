import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { Cloud, Json, Principal, Reply, Service } from "../service";
import { ServiceError } from "../service";
import type { Registry } from "../registry";
import { ConnectionLost } from "./faults";
import type { Request, Response } from "./listen";
import { render, renderError } from "./render";
import { route } from "./routes";
import { otherRegion, readScope, unknownKey } from "./signature";

/** What the HTTP server needs of the cloud. */
export interface Backend {
  registry: Registry;
  cloud: Pick<Cloud, "region">;
  /** The principal of an access key; undefined for an unknown one. */
  find(accessKeyId: string): Principal | undefined;
  perform(
    principal: Principal,
    service: string,
    operation: string,
    input: Json,
    call: { requestId: string; body?: Readable; signal: AbortSignal },
  ): Promise<Reply>;
  /** Receives unexpected errors. */
  fault(error: unknown): void;
}

const MAX_BODY = 16 * 1024 * 1024;

/** Answers one HTTP request: finds its signer and its operation, performs it and renders the answer. */
export async function handle(backend: Backend, request: Request, response: Response): Promise<void> {
  const requestId = randomUUID();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const target = header(request, "x-amz-target");
  const isForm = header(request, "content-type")?.startsWith("application/x-www-form-urlencoded") === true;
  let protocol: Service["protocol"] = target !== undefined ? "json" : isForm ? "query" : "restXml";
  try {
    const url = request.url ?? "/";
    const scope = readScope(header(request, "authorization"), url);
    const service = backend.registry.service(scope.service);
    if (target === undefined) protocol = service.protocol;
    if (scope.region !== backend.cloud.region) throw otherRegion(protocol, scope, backend.cloud.region);
    const principal = backend.find(scope.accessKeyId);
    if (!principal) throw unknownKey(protocol, scope);
    const { operation, input, body } = await (protocol === "query"
      ? readAction(request)
      : readOperation(service, request, { url, target }));
    const reply = await backend.perform(principal, scope.service, operation, input, { requestId, body, signal: gone.signal });
    await render(response, protocol, reply, requestId);
  } catch (error) {
    if (response.headersSent || gone.signal.aborted || error instanceof ConnectionLost) response.destroy();
    else renderError(response, protocol, asServiceError(error, backend), requestId, request.method === "HEAD");
  }
}

/** What a request asks for. */
interface ParsedRequest {
  operation: string;
  input: Json;
  body?: Readable;
}

async function readOperation(service: Service, request: Request, where: { url: string; target?: string }): Promise<ParsedRequest> {
  const { operation, parameters } = route(service, { ...where, method: request.method ?? "GET" });
  const raw = service.protocol === "restXml" || service.operations[operation]?.raw === true;
  if (!raw) return { operation, input: { ...parameters, ...(await readJson(request)) } };
  return { operation, input: { ...parameters, headers: headers(request) }, body: request };
}

/** An operation of the [query protocol](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html): a form with its name as `Action`. */
async function readAction(request: Request): Promise<ParsedRequest> {
  const { Action = "without an Action", ...input } = Object.fromEntries(new URLSearchParams(await readText(request)));
  return { operation: Action, input };
}

function asServiceError(error: unknown, backend: Backend): ServiceError {
  if (error instanceof ServiceError) return error;
  backend.fault(error);
  return new ServiceError("InternalFailure", error instanceof Error ? error.message : String(error), 500);
}

function header(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

const headers = (request: Request): Json =>
  Object.fromEntries(
    Object.keys(request.headers)
      .filter((name) => !name.startsWith(":"))
      .map((name) => [name, header(request, name)]),
  );

async function readText(request: Request): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new ServiceError("RequestEntityTooLargeException", `a request must have at most ${MAX_BODY} bytes`, 413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function readJson(request: Request): Promise<Json> {
  const text = await readText(request);
  if (text === "") return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new ServiceError("SerializationException", `a request's body must be JSON, got ${header(request, "content-type") ?? "no type"}`);
  }
}
