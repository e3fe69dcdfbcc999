import { once } from "node:events";
import { Readable } from "node:stream";
import type { Registry } from "../registry";
import { type Json, type Reply, ServiceError } from "../service";

/**
 * What happens to a call: the service answers with an error, nobody ever answers, the connection drops before the operation runs
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
  /** Which calls the fault is about. @default all of the operation */
  when?: (input: Json) => boolean;
  /** First of those calls that fails, from 1. @default 1 */
  from?: number;
  /** Last of them that fails. @default none: every one from the first on */
  to?: number;
}

/** A fault at work. */
export interface ActiveFault {
  /** Calls that it has struck. */
  readonly struck: number;
  /** Ends it; calls that wait in silence lose their connection. */
  lift(): void;
}

/** The connection between caller and service broke: over HTTP the socket closes, between services it is an error that passes. */
export class ConnectionLost extends ServiceError {
  constructor(service: string, operation: string) {
    super("ConnectionLost", `the connection of ${service} ${operation} was lost`, 503);
  }
}

interface Entry extends Fault {
  seen: number;
  struck: number;
  readonly lifted: AbortController;
}

/** The switch of the faults that calls meet once they are authorized, whether they come over HTTP or from another service. */
export class Faults {
  private readonly active = new Set<Entry>();

  constructor(private readonly registry: Registry) {}

  /**
   * Switches a fault on. Where several are about a call, the one that was switched on first strikes.
   *
   * @throws ServiceError naming a service or operation that is not known
   */
  add(fault: Fault): ActiveFault {
    this.registry.operation(fault.service, fault.operation);
    const entry: Entry = { ...fault, seen: 0, struck: 0, lifted: new AbortController() };
    this.active.add(entry);
    return {
      get struck() {
        return entry.struck;
      },
      lift: () => this.lift(entry),
    };
  }

  /** Ends every fault. */
  clear(): void {
    for (const entry of this.active) this.lift(entry);
  }

  /** Runs an operation unless a fault strikes the call. */
  async meet(service: string, operation: string, input: Json, signal: AbortSignal, run: () => Promise<Reply>): Promise<Reply> {
    const fault = this.strike(service, operation, input);
    if (!fault) return run();
    const { kind, lifted } = fault;
    if (kind instanceof ServiceError) throw kind;
    if (kind === "silence" && !signal.aborted) await once(signal, "abort", { signal: lifted.signal }).catch(() => undefined);
    if (kind === "loseAnswer") {
      const { body } = await run();
      if (body instanceof Readable) body.destroy();
    }
    throw new ConnectionLost(service, operation);
  }

  private strike(service: string, operation: string, input: Json): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.active) {
      const { when = () => true, from = 1, to = Infinity } = entry;
      if (entry.service !== service || entry.operation !== operation || !when(input)) continue;
      entry.seen += 1;
      if (entry.seen >= from && entry.seen <= to) first ??= entry;
    }
    if (first) first.struck += 1;
    return first;
  }

  private lift(entry: Entry): void {
    this.active.delete(entry);
    entry.lifted.abort();
  }
}
