import type { Readable } from "node:stream";

/** A JSON object whose members are checked where they are used. */
export type Json = Record<string, unknown>;

/** An IAM policy statement; what the evaluator does not support is refused when the policy is created. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: "*" | Record<string, string | string[]>;
  Action: string | string[];
  Resource?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** An IAM policy document. */
export interface Policy {
  Version?: string;
  Statement: Statement | Statement[];
}

/** Credentials as an SDK takes them. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A caller: the account's owner, a user or an assumed role. */
export interface Principal {
  /** ARN as policies name it: `arn:aws:iam::<account>:root` or the role's ARN. */
  arn: string;
  credentials: Credentials;
}

/** One permission that a call needs; all of them must be allowed. */
export interface RequiredPermission {
  /** For example `s3:GetObject`. */
  action: string;
  /** ARN, or `*` where the action supports no narrower resource. */
  resource: string;
  /** Condition keys beside the global ones, for example `s3:prefix`. */
  context?: Record<string, string>;
  /** Policy of the resource itself, where it has one. */
  resourcePolicy?: Policy;
}

/** What an operation sees besides its input. */
export interface Call {
  principal: Principal;
  requestId: string;
  /** Raw request body of restXml operations and raw ones; the others have it parsed into the input. */
  body?: Readable;
  /** Aborted when the client goes away or the cloud stops. */
  signal: AbortSignal;
}

/** An operation's answer; the HTTP server renders `output` in the service's protocol. */
export interface Reply {
  /** HTTP status; default 200. */
  status?: number;
  headers?: Record<string, string>;
  /** Members of the response: rendered as JSON, or as XML below its single root key (restXml). */
  output?: Json;
  /** Raw body instead of `output`. */
  body?: Readable | Buffer;
}

/**
 * One operation of a service.
 *
 * Input: json: the request's JSON. query: the form's fields. restJson: path parameters, query parameters and the JSON body's members.
 * restXml: path parameters, query parameters, and `headers` (lower-case names) when called over HTTP.
 */
export interface Operation {
  /** Optional query parameters that a REST operation understands; any other one is refused by name. */
  query?: readonly string[];
  /** restJson: the body is data, passed on unparsed (`Call.body`), with `headers` in the input, as restXml does. */
  raw?: boolean;
  /**
   * Checks the input before the caller's permissions are checked. @default no checks
   *
   * @throws ServiceError for a member that is not known or breaks a rule
   */
  parse?: (input: Json) => Json;
  permissions: (request: Json) => RequiredPermission[];
  run: (request: Json, call: Call) => Promise<Reply>;
}

/** A resource type that the program can create. */
export interface ResourceType {
  /** Every input property that the service honours or can safely ignore; any other one is refused by name. */
  inputs: readonly string[];
  /** More checks on known inputs, at preview too (unknown values are absent). Throws with the offending name. */
  check?(inputs: Json): void;
  /** `state` holds outputs beside the inputs, which the engine merges in. */
  create(inputs: Json, urn: string): Promise<{ id: string; state: Json }>;
}

/** A poller that works in the background: started after deployment, stopped in reverse. */
export interface Worker {
  name: string;
  start(): void;
  /** Resolves when all of its work has ended. */
  stop(): Promise<void>;
  /**
   * Number of records in progress, plus one for each source that was not read to its end after `since`.
   * So 0 means that all records put before `since` are done.
   *
   * @param since `performance.now()` of the last put; default: long ago
   */
  pending(since?: number): number;
}

/** A local AWS service. */
export interface Service {
  /** SigV4 scope: tells which service a request is for. */
  signingName: string;
  protocol: "json" | "restJson" | "restXml" | "query";
  /** By Pulumi type token (`aws:kinesis/stream:Stream`) or Cloud Control type name (`AWS::Personalize::Schema`). */
  resources: Record<string, ResourceType>;
  /** By X-Amz-Target's operation (`PutRecords`), by a form's Action (`GetCallerIdentity`) or by route (`PUT /{Bucket}/{Key+}?partNumber&uploadId`). */
  operations: Record<string, Operation>;
  /** Pulumi function tokens (`aws:index/getRegion:getRegion`). */
  invokes?: Record<string, (inputs: Json) => Json>;
  /** Resources may add workers while they are created: read after deployment. */
  workers?: Worker[];
  /** Releases what the service holds outside this process; called once, after its workers stopped. */
  close?(): Promise<void>;
}

export type ServiceFactory = (cloud: Cloud) => Service;

/** What the services share. */
export interface Cloud {
  readonly region: string;
  readonly account: string;
  /** `http://127.0.0.1:PORT` of the HTTP server. */
  readonly endpoint: string;
  readonly clock: Clock;
  store(service: string): Store;
  /** Credentials of a role for a service; the role's trust policy decides. `context`: condition keys, such as aws:SourceArn. */
  assume(roleArn: string, servicePrincipal: string, context?: Record<string, string>): Principal;
  /** Credentials of a service itself, which resource policies alone allow. `context`: condition keys of its requests. */
  serve(servicePrincipal: string, context: Record<string, string>): Principal;
  /** Calls an operation of a service through the same authorization as HTTP. Throws ServiceError. */
  call(as: Principal, service: string, operation: string, input: Json, body?: Readable): Promise<Reply>;
  /** Refuses unknown types and inputs by name; part of every preview. */
  check(type: string, inputs: Json): void;
  /** Checks, then creates a resource of any service (the engine's and Cloud Control's way in). */
  create(type: string, inputs: Json, urn: string): Promise<{ id: string; state: Json }>;
}

export interface Clock {
  /** Real time in epoch milliseconds. */
  now(): number;
  /** Waits `ms` of the cloud's time, which is `ms / scale` of real time; rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A service's durable state: append-only logs and a folder for blobs. */
export interface Store {
  /** Resolves when the entry is in the file; call it before replying. */
  append(log: string, entry: Json): Promise<void>;
  replay(log: string): AsyncIterable<Json>;
  /** Absolute path of the service's own folder. */
  folder: string;
}

/** An error as AWS answers it; the HTTP server renders it in the service's protocol. */
export class ServiceError extends Error {
  /**
   * @param code error type, for example `ResourceNotFoundException`
   * @param status HTTP status
   */
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
    this.name = code;
  }
}
