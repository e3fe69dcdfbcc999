import type { Cloud, Operation, Reply } from "../service";
import type { Catalog } from "./catalog";
import { checkRead, readConditions } from "./conditions";
import { invalidArgument, invalidRequest, noSuchKey } from "./errors";
import type { Permissions } from "./permissions";
import { checksumHeaders, describe } from "./objectHeaders";
import { parseRange, partRange, type ByteRange } from "./range";
import { operation, wholeNumber, type Request } from "./request";
import type { StoredObject } from "./types";

const OVERRIDES = ["content-type", "content-language", "expires", "cache-control", "content-disposition", "content-encoding"];
const QUERY = ["partNumber", ...OVERRIDES.map((name) => `response-${name}`)];

/** GetObject and HeadObject. */
export function readOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  const definition = {
    query: QUERY,
    headers: ["x-amz-checksum-mode"],
    permissions: ({ bucket, key }: Request) => permissions.read(bucket, key),
  };
  return {
    "HEAD /{Bucket}/{Key+}": operation(cloud.account, { ...definition, run: async (request) => answer(catalog, request).reply }),
    "GET /{Bucket}/{Key+}": operation(cloud.account, {
      ...definition,
      run: async (request) => {
        const { reply, object, range } = answer(catalog, request);
        if (range === undefined) return reply;
        if (range.start === range.end) return { ...reply, body: Buffer.alloc(0) };
        return { ...reply, body: catalog.blobs.read(object.segments, range.start, range.end) };
      },
    }),
  };
}

/** Status and headers; no range: nothing to send. */
function answer(catalog: Catalog, request: Request): { reply: Reply; object: StoredObject; range?: ByteRange } {
  const { bucket, key, headers, query } = request;
  const object = catalog.bucket(bucket).objects.get(key);
  if (!object) throw noSuchKey(key);
  if (checkRead(object, readConditions(headers)) === "unchanged") return { reply: { status: 304, headers: describe(object) }, object };
  const part = query("partNumber") === undefined ? undefined : wholeNumber(request, "partNumber", { least: 1, most: 10_000, otherwise: 1 });
  if (part !== undefined && headers.range !== undefined) {
    throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
  }
  const asked = part === undefined ? parseRange(headers.range, object.size) : partRange(part, object.size, object.partSizes);
  const partial = asked !== undefined && object.size > 0;
  const range = asked ?? { start: 0, end: object.size };
  return {
    object,
    range,
    reply: {
      status: partial ? 206 : 200,
      headers: {
        ...describe(object),
        ...overrides(request),
        ...(checksumMode(headers) && !partial ? checksumHeaders(object.checksum) : {}),
        ...(partial ? { "content-range": `bytes ${range.start}-${range.end - 1}/${object.size}` } : {}),
        ...(part !== undefined && object.partSizes ? { "x-amz-mp-parts-count": String(object.partSizes.length) } : {}),
        "content-length": String(range.end - range.start),
      },
    },
  };
}

function checksumMode(headers: Record<string, string>): boolean {
  const mode = headers["x-amz-checksum-mode"];
  if (mode !== undefined && mode !== "ENABLED") throw invalidArgument(`x-amz-checksum-mode must be ENABLED, got ${mode}`);
  return mode !== undefined;
}

function overrides({ query }: Request): Record<string, string> {
  const given = OVERRIDES.filter((name) => query(`response-${name}`) !== undefined);
  return Object.fromEntries(given.map((name) => [name, query(`response-${name}`) ?? ""]));
}
