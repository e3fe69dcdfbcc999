import type { Call, Json, RequiredPermission, Operation, Reply } from "../service";
import { ServiceError } from "../service";
import { invalidArgument, notImplemented } from "./errors";

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
  "x-amz-decoded-content-length",
  "x-amz-trailer",
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
    for (const name of Object.keys(request.headers)) {
      const honoured = !name.startsWith("x-amz-") || known.has(name) || (metadata && name.startsWith(META));
      if (!honoured) throw notImplemented(`the header ${name} here`);
    }
    for (const name of ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"]) {
      const owner = request.headers[name];
      if (owner !== undefined && owner !== account) {
        throw new ServiceError("AccessDenied", `${name} is ${owner}, but the bucket belongs to ${account}`, 403);
      }
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
