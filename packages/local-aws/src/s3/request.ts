import { XMLParser } from "fast-xml-parser";
import type { Call, Cloud, Json, RequiredPermission, Operation, Reply } from "../service";
import { ServiceError } from "../service";
import type { Catalog } from "./catalog";
import { invalidArgument, malformedXml, notImplemented } from "./errors";

/** An operation's input, taken apart. */
export interface Request {
  bucket: string;
  key: string;
  /** By lower-case name. */
  headers: Record<string, string>;
  /** A query parameter. */
  query: (name: string) => string | undefined;
}

/** Headers beside x-amz-* are HTTP's; these x-amz-* ones every operation may carry. */
const ALWAYS = [
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
  "x-amz-user-agent",
  "x-amz-expected-bucket-owner",
  "x-amz-sdk-checksum-algorithm",
];
const META = "x-amz-meta-";
const MAX_KEY_BYTES = 1024;

interface Definition {
  /** Optional query parameters. */
  query?: readonly string[];
  /** x-amz-* headers that it understands beside the common ones. */
  headers?: readonly string[];
  /** Whether it takes user metadata. */
  metadata?: boolean;
  permissions: (request: Request) => RequiredPermission[];
  run: (request: Request, call: Call) => Promise<Reply>;
}

/**
 * Makes an operation that refuses every x-amz-* header it does not honour, by name.
 *
 * @param account the one that owns all buckets
 */
export function operation(account: string, { query, headers = [], metadata = false, permissions, run }: Definition): Operation {
  const known = new Set([...ALWAYS, ...headers]);
  const check = (request: Request): void => {
    const content = request.headers["x-amz-content-sha256"];
    if (content?.startsWith("STREAMING-")) throw notImplemented(`bodies in the aws-chunked coding (x-amz-content-sha256: ${content})`);
    for (const name of Object.keys(request.headers)) {
      const isKnown = !name.startsWith("x-amz-") || known.has(name) || (metadata && name.startsWith(META));
      if (!isKnown) throw notImplemented(`the header ${name} here`);
    }
    const owner = request.headers["x-amz-expected-bucket-owner"];
    if (owner !== undefined && owner !== account) {
      throw new ServiceError("AccessDenied", `x-amz-expected-bucket-owner is ${owner}, but the bucket belongs to ${account}`, 403);
    }
    if (Buffer.byteLength(request.key) > MAX_KEY_BYTES) {
      throw new ServiceError("KeyTooLongError", `Your key is too long: it must have at most ${MAX_KEY_BYTES} bytes of UTF-8`);
    }
  };
  return {
    query,
    permissions: (input) => permissions(parse(input)),
    run: (input, call) => {
      const request = parse(input);
      check(request);
      return run(request, call);
    },
  };
}

function parse(input: Json): Request {
  const { Bucket = "", Key = "", headers = {} } = input as { Bucket?: string; Key?: string; headers?: Record<string, string> };
  return { bucket: Bucket, key: Key, headers, query: (name) => input[name] as string | undefined };
}

/**
 * Reads a whole number from the query.
 *
 * @throws ServiceError InvalidArgument
 */
export function wholeNumber(
  request: Request,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
) {
  const text = request.query(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text === "" || !Number.isInteger(value) || value < least || value > most) {
    throw invalidArgument(`${name} must be a whole number from ${least} to ${most}, got ${text}`);
  }
  return value;
}

/**
 * The permissions that S3 operations need; each carries the bucket's policy. A bucket that does not exist
 * is NoSuchBucket to anyone, as on AWS.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html
 */
export class Permissions {
  constructor(private readonly catalog: Catalog) {}

  /** @param context condition keys, such as `s3:prefix` */
  bucket(action: string, bucket: string, context?: Record<string, string>): RequiredPermission {
    const { policy: resourcePolicy } = this.catalog.bucket(bucket);
    return { action, resource: `arn:aws:s3:::${bucket}`, context, resourcePolicy };
  }

  object(action: string, bucket: string, key: string): RequiredPermission {
    const { policy: resourcePolicy } = this.catalog.bucket(bucket);
    return { action, resource: `arn:aws:s3:::${bucket}/${key}`, resourcePolicy };
  }

  /** Reading an object; only callers who may list the bucket at this key learn that it does not exist. */
  read(bucket: string, key: string): RequiredPermission[] {
    const read = this.object("s3:GetObject", bucket, key);
    const found = this.catalog.bucket(bucket).objects.has(key);
    return found ? [read] : [read, this.bucket("s3:ListBucket", bucket, { "s3:prefix": key })];
  }

  /** Writing or deleting an object; comparing its ETag is reading as well. */
  write(action: "s3:PutObject" | "s3:DeleteObject", { bucket, key, headers }: Request): RequiredPermission[] {
    const compares = headers["if-match"] !== undefined;
    return [this.object(action, bucket, key), ...(compares ? [this.object("s3:GetObject", bucket, key)] : [])];
  }
}

/**
 * Reads a request's XML; every value stays a string.
 *
 * @param root its root element
 * @param list the element that repeats
 * @returns the root's members and its list
 * @throws ServiceError MalformedXML
 */
export function parseXml(text: string, root: string, list: string): { members: Json; items: Record<string, string>[] } {
  const parser = new XMLParser({
    ignoreAttributes: true,
    parseTagValue: false,
    trimValues: false,
    htmlEntities: true,
    processEntities: { enabled: true, maxTotalExpansions: Infinity, maxExpandedLength: Infinity },
    isArray: (name) => name === list,
  });
  let document: Json;
  try {
    document = parser.parse(text, true) as Json;
  } catch {
    throw malformedXml("The XML you provided was not well-formed");
  }
  const members = document[root];
  if (members === null || typeof members !== "object") throw malformedXml(`The XML you provided must have the root ${root}`);
  const items = (members as Json)[list];
  if (!Array.isArray(items) || items.some((item) => typeof item !== "object")) {
    throw malformedXml(`The XML you provided must hold ${list} elements in ${root}`);
  }
  return { members: members as Json, items: items as Record<string, string>[] };
}

/** An ETag as HTTP and XML show it. */
export const quoted = (etag: string): string => `"${etag}"`;

/** The time of a change, in epoch milliseconds: S3 keeps whole seconds. */
export function seconds({ clock }: Pick<Cloud, "clock">): number {
  return Math.floor(clock.now() / 1000) * 1000;
}
