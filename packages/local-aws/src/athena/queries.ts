import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Cloud, Json, Principal } from "../service";
import { ServiceError } from "../service";
import { failureOf, QueryCancelled } from "./failure";
import type { OutputColumn } from "./rows";
import type { Task } from "./run";

/** https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecutionStatus.html */
export type State = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** A query to start. */
export interface QueryRequest extends Omit<Task, "id"> {
  workgroup: string;
  /** Default database. */
  database?: string;
  /** ClientRequestToken. */
  token?: string;
}

/** A query; times are epoch milliseconds. */
export interface Query extends QueryRequest {
  id: string;
  /** Counts the queries from 1. */
  number: number;
  state: State;
  submittedAt: number;
  startedAt?: number;
  completedAt?: number;
  /** StateChangeReason. */
  reason?: string;
  athenaError?: Json;
  scanned: number;
  columns?: OutputColumn[];
  rows?: number;
  manifest?: string;
}

/** How queries are run. */
export interface QueryOptions {
  /** Minimum time that a query is QUEUED, in milliseconds of the cloud's time. */
  queueMs: number;
  /** Approximate size of UNLOAD's files, in bytes. */
  pieceBytes: number;
}

/** Maximum number of concurrent queries; the others wait. */
const AT_ONCE = 2;
const BY_USER = "Query was canceled by user";

/** Queries by id. */
export class Queries {
  private readonly byId = new Map<string, Query>();
  private readonly byToken = new Map<string, Query>();
  private readonly working = new Map<string, { stop: AbortController; done: Promise<void> }>();
  private readonly waiting = new Set<() => void>();
  private running = 0;

  constructor(
    private readonly cloud: Cloud,
    private readonly options: QueryOptions,
  ) {}

  /** @throws ServiceError InvalidRequestException */
  find(id: string): Query {
    const found = this.byId.get(id);
    if (!found) throw new ServiceError("InvalidRequestException", `QueryExecution ${id} was not found`);
    return found;
  }

  /** A workgroup's queries, the newest first. */
  of(workgroup: string): Query[] {
    return [...this.byId.values()].filter((query) => query.workgroup === workgroup).reverse();
  }

  /**
   * Starts a query, or returns the one that was started with the same token.
   *
   * @returns its id
   * @throws ServiceError InvalidRequestException when that one has other parameters
   */
  start(caller: Principal, request: QueryRequest): string {
    const known = request.token === undefined ? undefined : this.byToken.get(request.token);
    if (known) {
      const same = (["text", "workgroup", "database", "outputLocation"] as const).every((key) => known[key] === request[key]);
      if (!same) throw new ServiceError("InvalidRequestException", "Idempotent parameters do not match");
      return known.id;
    }
    const number = this.byId.size + 1;
    const query: Query = { ...request, id: randomUUID(), number, state: "QUEUED", submittedAt: this.cloud.clock.now(), scanned: 0 };
    this.byId.set(query.id, query);
    if (query.token !== undefined) this.byToken.set(query.token, query);
    const stop = new AbortController();
    const done = this.work(query, caller, stop.signal).finally(() => this.working.delete(query.id));
    this.working.set(query.id, { stop, done });
    return query.id;
  }

  /** Stops a query, unless it has ended. */
  async stop(id: string): Promise<void> {
    const work = this.working.get(this.find(id).id);
    work?.stop.abort();
    await work?.done;
  }

  /** Ends every query. */
  async close(): Promise<void> {
    const all = [...this.working.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  private async work(query: Query, caller: Principal, signal: AbortSignal): Promise<void> {
    try {
      await this.cloud.clock.sleep(this.options.queueMs, signal);
      await this.slot(signal);
      try {
        query.state = "RUNNING";
        query.startedAt = this.cloud.clock.now();
        const { run } = await import("./run");
        const folder = join(this.cloud.store("athena").folder, "work", query.id);
        const onScan = (bytes: number): void => void (query.scanned = bytes);
        const outcome = await run(this.cloud, caller, query, { folder, pieceBytes: this.options.pieceBytes, signal, onScan });
        signal.throwIfAborted();
        this.end(query, { state: "SUCCEEDED", ...outcome });
      } finally {
        this.running -= 1;
        for (const wake of this.waiting) wake();
      }
    } catch (error) {
      if (signal.aborted) this.end(query, { state: "CANCELLED", reason: BY_USER });
      else if (error instanceof QueryCancelled) this.end(query, { state: "CANCELLED", reason: error.message });
      else {
        const failure = failureOf(error);
        this.end(query, { state: "FAILED", reason: failure.message, athenaError: failure.athenaError });
      }
    }
  }

  /** Waits until another query may run. */
  private async slot(signal: AbortSignal): Promise<void> {
    while (this.running >= AT_ONCE) {
      await new Promise<void>((resolve) => {
        this.waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      this.waiting.clear();
      signal.throwIfAborted();
    }
    this.running += 1;
  }

  private end(query: Query, result: Partial<Query>): void {
    Object.assign(query, { ...result, completedAt: this.cloud.clock.now() });
  }
}
