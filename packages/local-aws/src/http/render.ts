import { XMLBuilder } from "fast-xml-parser";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Json, Reply, Service, ServiceError } from "../service";
import type { Response } from "./listen";

type Protocol = Service["protocol"];

const xml = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: "@", suppressEmptyNode: false });
const MEDIA = { json: "application/x-amz-json-1.1", restJson: "application/json", restXml: "application/xml", query: "text/xml" };
const REQUEST_ID = { json: "x-amzn-requestid", restJson: "x-amzn-requestid", restXml: "x-amz-request-id", query: "x-amzn-requestid" };

/** Where each protocol tells an error's code: https://smithy.io/2.0/aws/protocols/index.html. */
const ERROR_FORMS: Record<Protocol, (error: ServiceError, requestId: string) => { headers?: Record<string, string>; output: Json }> = {
  json: ({ code, message }) => ({ output: { __type: code, message } }),
  restJson: ({ code, message }) => ({ headers: { "x-amzn-errortype": code }, output: { message } }),
  restXml: ({ code, message }, requestId) => ({ output: { Error: { Code: code, Message: message, RequestId: requestId } } }),
  query: ({ code, message, status }, requestId) => ({
    output: {
      ErrorResponse: { Error: { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message }, RequestId: requestId },
    },
  }),
};

/** Writes an operation's answer in the service's protocol. */
export async function render(response: Response, protocol: Protocol, reply: Reply, requestId: string): Promise<void> {
  const { status = 200, headers = {}, output, body } = reply;
  const id = { [REQUEST_ID[protocol]]: requestId };
  if (body !== undefined && !Buffer.isBuffer(body)) return stream(response, status, { ...headers, ...id }, body);
  const bytes = body ?? (output === undefined ? Buffer.alloc(0) : encode(protocol, output));
  const type = output === undefined ? {} : { "content-type": MEDIA[protocol] };
  response.writeHead(status, { "content-length": bytes.length, ...type, ...id, ...headers });
  response.end(bytes);
}

/**
 * Writes an error in the service's protocol.
 *
 * @param head whether the request was a HEAD, which is answered without a body
 */
export function renderError(response: Response, protocol: Protocol, error: ServiceError, requestId: string, head: boolean): void {
  const { headers, output } = ERROR_FORMS[protocol](error, requestId);
  const bytes = head ? Buffer.alloc(0) : encode(protocol, output);
  response.writeHead(error.status, {
    "content-type": MEDIA[protocol],
    "content-length": bytes.length,
    [REQUEST_ID[protocol]]: requestId,
    ...headers,
  });
  response.end(bytes);
}

function encode(protocol: Protocol, output: Json): Buffer {
  if (protocol === "json" || protocol === "restJson") return Buffer.from(JSON.stringify(output));
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml.build(output)}`);
}

async function stream(response: Response, status: number, headers: Record<string, string>, body: Readable): Promise<void> {
  response.writeHead(status, headers);
  await pipeline(body, response);
}
