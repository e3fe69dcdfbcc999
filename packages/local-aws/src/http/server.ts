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
export interface Behind {
  registry: Registry;
  cloud: Pick<Cloud, "region">;
  /** Who has an access key; undefined: nobody. */
  find(accessKeyId: string): Principal | undefined;
  perform(
    principal: Principal,
    service: string,
    operation: string,
    input: Json,
    call: { requestId: string; body?: Readable; signal: AbortSignal },
  ): Promise<Reply>;
  /** Told of errors that no service meant to give. */
  fault(error: unknown): void;
}

const MAX_BODY = 16 * 1024 * 1024;

/** Answers one HTTP request: who signed it, which operation it names, what came of it. */
export async function handle(behind: Behind, request: Request, response: Response): Promise<void> {
  const requestId = randomUUID();
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const target = header(request, "x-amz-target");
  const isForm = header(request, "content-type")?.startsWith("application/x-www-form-urlencoded") === true;
  let protocol: Service["protocol"] = target !== undefined ? "json" : isForm ? "query" : "restXml";
  try {
    const url = request.url ?? "/";
    const scope = readScope(header(request, "authorization"), url);
    const service = behind.registry.service(scope.service);
    if (target === undefined) protocol = service.protocol;
    if (scope.region !== behind.cloud.region) throw otherRegion(protocol, scope, behind.cloud.region);
    const principal = behind.find(scope.accessKeyId);
    if (!principal) throw unknownKey(protocol, scope);
    const { operation, input, body } =
      protocol === "query" ? await readAction(request) : await readOperation(service, request, { url: unsigned(url), target });
    const reply = await behind.perform(principal, scope.service, operation, input, { requestId, body, signal: gone.signal });
    await render(response, protocol, reply, requestId);
  } catch (error) {
    if (response.headersSent || gone.signal.aborted || error instanceof ConnectionLost) response.destroy();
    else renderError(response, protocol, asServiceError(error, behind), requestId, request.method === "HEAD");
  }
}

interface Asked {
  operation: string;
  input: Json;
  body?: Readable;
}

async function readOperation(service: Service, request: Request, where: { url: string; target?: string }): Promise<Asked> {
  const { operation, parameters } = route(service, { ...where, method: request.method ?? "GET" });
  const raw = service.protocol === "restXml" || service.operations[operation]?.raw === true;
  if (!raw) return { operation, input: { ...parameters, ...(await readJson(request)) } };
  return { operation, input: { ...parameters, headers: headers(request) }, body: request };
}

/** An operation of the [query protocol](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html): a form with its name as `Action`. */
async function readAction(request: Request): Promise<Asked> {
  const { Action = "without an Action", ...input } = Object.fromEntries(new URLSearchParams(await readText(request)));
  return { operation: Action, input };
}

function asServiceError(error: unknown, behind: Behind): ServiceError {
  if (error instanceof ServiceError) return error;
  behind.fault(error);
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

/** A presigned URL without its signature's parameters. */
function unsigned(url: string): string {
  const at = url.indexOf("?");
  if (at < 0 || !url.includes("X-Amz-Credential")) return url;
  const query = new URLSearchParams(url.slice(at + 1));
  for (const name of ["Algorithm", "Credential", "Date", "Expires", "Security-Token", "SignedHeaders", "Signature", "Content-Sha256"])
    query.delete(`X-Amz-${name}`);
  return `${url.slice(0, at)}?${query.toString()}`;
}

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
