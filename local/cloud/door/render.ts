import { XMLBuilder } from "fast-xml-parser";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ServiceError } from "../service";
import { type Json, type Reply, type Service } from "../service";
import type { Response } from "./listen";

const xml = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@", suppressEmptyNode: false });
const MEDIA = { json: "application/x-amz-json-1.1", restJson: "application/json", restXml: "application/xml" };

/** Writes an operation's answer in the service's protocol. */
export async function render(response: Response, protocol: Service["protocol"], reply: Reply, requestId: string): Promise<void> {
  const { status = 200, headers = {}, output, body } = reply;
  if (body !== undefined && !Buffer.isBuffer(body)) return stream(response, status, { ...headers, "x-amzn-requestid": requestId }, body);
  const bytes = body ?? (output === undefined ? Buffer.alloc(0) : encode(protocol, output));
  const type = output === undefined ? {} : { "content-type": MEDIA[protocol] };
  response.writeHead(status, { "content-length": bytes.length, ...type, "x-amzn-requestid": requestId, ...headers });
  response.end(bytes);
}

/**
 * Writes an error in the service's protocol.
 *
 * @param head whether the request was a HEAD, which is answered without a body
 */
export function renderError(
  response: Response,
  protocol: Service["protocol"],
  error: ServiceError,
  requestId: string,
  head: boolean,
): void {
  const { code, message, status } = error;
  const output = protocol === "restXml" ? { Error: { Code: code, Message: message, RequestId: requestId } } : { __type: code, message };
  const bytes = head ? Buffer.alloc(0) : encode(protocol, output);
  response.writeHead(status, {
    "content-type": MEDIA[protocol],
    "content-length": bytes.length,
    "x-amzn-errortype": code,
    "x-amzn-requestid": requestId,
  });
  response.end(bytes);
}

function encode(protocol: Service["protocol"], output: Json): Buffer {
  if (protocol !== "restXml") return Buffer.from(JSON.stringify(output));
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml.build(output)}`);
}

async function stream(response: Response, status: number, headers: Record<string, string>, body: Readable): Promise<void> {
  response.writeHead(status, headers);
  await pipeline(body, response);
}
