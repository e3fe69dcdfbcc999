import { once } from "node:events";
import { Readable } from "node:stream";
import type { Registry } from "../registry";
import { type Json, type Reply, ServiceError } from "../service";

/**
 * How a call fails: the service answers with an error, no answer comes, the connection drops before the operation runs
 * (`disconnect`), or it drops after that (`loseAnswer`).
 */
export type FaultKind = ServiceError | "silence" | "disconnect" | "loseAnswer";

/** Which calls fail, and how. */
export interface Fault {
  /** Signing name, for example `kinesis`. */
  service: string;
  /** As the service names it: `PutRecords` or `PUT /{Bucket}/{Key+}`. */
  operation: string;
  kind: FaultKind;
  /** Selects the calls that count. @default all of the operation */
  when?: (input: Json) => boolean;
  /** First of those calls that fails, from 1. @default 1 */
  from?: number;
  /** Last of them that fails. @default none: every one from the first on */
  to?: number;
}

/** A fault that is injected until it is removed. */
export interface ActiveFault {
  /** Calls that have failed by it. */
  readonly injected: number;
  /** Removes it; calls that wait in silence lose their connection. */
  remove(): void;
}

/** The connection between caller and service broke: over HTTP the socket closes, between services it is a transient error. */
export class ConnectionLost extends ServiceError {
  constructor(service: string, operation: string) {
    super("ConnectionLost", `the connection of ${service} ${operation} was lost`, 503);
  }
}

interface Entry extends Fault {
  seen: number;
  injected: number;
  readonly removed: AbortController;
}

/** Injects faults into calls once they are authorized, whether they come over HTTP or from another service. */
export class Faults {
  private readonly active = new Set<Entry>();

  constructor(private readonly registry: Registry) {}

  /**
   * Makes calls fail. Where several faults select a call, the one that was injected first applies.
   *
   * @throws ServiceError naming a service or operation that is not known
   */
  inject(fault: Fault): ActiveFault {
    this.registry.operation(fault.service, fault.operation);
    const entry: Entry = { ...fault, seen: 0, injected: 0, removed: new AbortController() };
    this.active.add(entry);
    return {
      get injected() {
        return entry.injected;
      },
      remove: () => this.remove(entry),
    };
  }

  /** Removes every fault. */
  clear(): void {
    for (const entry of this.active) this.remove(entry);
  }

  /** Runs an operation unless a fault selects the call. */
  async apply(service: string, operation: string, input: Json, signal: AbortSignal, run: () => Promise<Reply>): Promise<Reply> {
    const fault = this.select(service, operation, input);
    if (!fault) return run();
    const { kind, removed } = fault;
    if (kind instanceof ServiceError) throw kind;
    if (kind === "silence" && !signal.aborted) await once(signal, "abort", { signal: removed.signal }).catch(() => undefined);
    if (kind === "loseAnswer") {
      const { body } = await run();
      if (body instanceof Readable) body.destroy();
    }
    throw new ConnectionLost(service, operation);
  }

  private select(service: string, operation: string, input: Json): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.active) {
      const { when = () => true, from = 1, to = Infinity } = entry;
      if (entry.service !== service || entry.operation !== operation || !when(input)) continue;
      entry.seen += 1;
      if (entry.seen >= from && entry.seen <= to) first ??= entry;
    }
    if (first) first.injected += 1;
    return first;
  }

  private remove(entry: Entry): void {
    this.active.delete(entry);
    entry.removed.abort();
  }
}
