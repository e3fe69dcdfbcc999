import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Cloud, Json, Principal } from "../service";
import { ServiceError } from "../service";
import { failureOf, QueryCancelled } from "./failure";
import type { OutputColumn } from "./rows";
import { run, type Task } from "./run";

/** Where a query is in its life. */
export type State = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** What a query was asked to be. */
export interface Asked extends Task {
  workgroup: string;
  /** Of the tables that name none. */
  database?: string;
  /** ClientRequestToken. */
  token?: string;
}

/** A query with what came of it; times are epoch milliseconds. */
export interface Query extends Asked {
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
  /** Milliseconds of the cloud's time that a query is QUEUED at least. */
  queueMs: number;
  /** Bytes of an UNLOAD's files, about. */
  pieceBytes: number;
}

/** Queries that run at the same time; the others wait. */
const AT_ONCE = 2;
const BY_USER = "Query was canceled by user";
const INTERRUPTED = "Query was interrupted by the end of the local cloud";

/** Queries by id, in memory and in the log "queries". */
export class Queries {
  private readonly byId = new Map<string, Query>();
  private readonly byToken = new Map<string, Query>();
  private readonly working = new Map<string, { stop: AbortController; done: Promise<void> }>();
  private readonly waiting = new Set<() => void>();
  private running = 0;
  private closing = false;
  private readonly store;

  constructor(
    private readonly cloud: Cloud,
    private readonly options: QueryOptions,
  ) {
    this.store = cloud.store("athena");
  }

  /** Brings back the queries; one that did not come to its end FAILED. */
  async restore(): Promise<void> {
    await rm(this.folder(), { recursive: true, force: true });
    for await (const entry of this.store.replay("queries")) this.keep(entry as unknown as Query);
    for (const query of this.byId.values()) if (query.state === "QUEUED") await this.end(query, { state: "FAILED", reason: INTERRUPTED });
  }

  /** @throws ServiceError InvalidRequestException */
  find(id: unknown): Query {
    const found = this.byId.get(String(id));
    if (!found) throw new ServiceError("InvalidRequestException", `QueryExecution ${String(id)} was not found`);
    return found;
  }

  /** A workgroup's queries, the newest first. */
  of(workgroup: string): Query[] {
    return [...this.byId.values()].filter((query) => query.workgroup === workgroup).reverse();
  }

  /**
   * Starts a query, or finds the one that was started with the same token.
   *
   * @throws ServiceError InvalidRequestException when that one was asked to be another
   */
  async start(caller: Principal, asked: Omit<Asked, "id">): Promise<string> {
    const known = asked.token === undefined ? undefined : this.byToken.get(asked.token);
    if (known) {
      const same = (["text", "workgroup", "database", "outputLocation"] as const).every((key) => known[key] === asked[key]);
      if (!same) throw new ServiceError("InvalidRequestException", "Idempotent parameters do not match");
      return known.id;
    }
    const query: Query = { ...asked, id: randomUUID(), state: "QUEUED", submittedAt: this.cloud.clock.now(), scanned: 0 };
    this.keep(query);
    await this.store.append("queries", { ...query });
    const stop = new AbortController();
    const done = this.work(query, caller, stop.signal).finally(() => this.working.delete(query.id));
    this.working.set(query.id, { stop, done });
    return query.id;
  }

  /** Stops a query; one that has come to its end stays as it is. */
  async stop(id: unknown): Promise<void> {
    const work = this.working.get(this.find(id).id);
    work?.stop.abort();
    await work?.done;
  }

  /** Ends every query. */
  async close(): Promise<void> {
    this.closing = true;
    const all = [...this.working.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  private async work(query: Query, caller: Principal, signal: AbortSignal): Promise<void> {
    try {
      await this.cloud.clock.sleep(this.options.queueMs, signal);
      await this.turn(signal);
      try {
        query.state = "RUNNING";
        query.startedAt = this.cloud.clock.now();
        const folder = join(this.folder(), query.id);
        const onScan = (bytes: number): void => void (query.scanned = bytes);
        const outcome = await run(this.cloud, caller, query, { folder, pieceBytes: this.options.pieceBytes, signal, onScan });
        signal.throwIfAborted();
        await this.end(query, { state: "SUCCEEDED", ...outcome });
      } finally {
        this.running -= 1;
        for (const wake of this.waiting) wake();
      }
    } catch (error) {
      if (signal.aborted) await this.end(query, { state: "CANCELLED", reason: this.closing ? INTERRUPTED : BY_USER });
      else if (error instanceof QueryCancelled) await this.end(query, { state: "CANCELLED", reason: error.message });
      else {
        const failure = failureOf(error);
        await this.end(query, { state: "FAILED", reason: failure.message, athenaError: failure.athenaError });
      }
    }
  }

  /** Waits until fewer queries run than may. */
  private async turn(signal: AbortSignal): Promise<void> {
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

  private async end(query: Query, result: Partial<Query> & { state: State }): Promise<void> {
    const ended = { ...result, completedAt: this.cloud.clock.now() };
    await this.store.append("queries", { ...query, ...ended });
    Object.assign(query, ended);
  }

  private keep(query: Query): void {
    this.byId.set(query.id, query);
    if (query.token !== undefined) this.byToken.set(query.token, query);
  }

  private folder(): string {
    return join(this.store.folder, "work");
  }
}
