import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { MACROS } from "./dialect";
import { QueryFailure } from "./failure";

/** A column of a query's result: its name and DuckDB's type. */
export interface ResultColumn {
  name: string;
  type: string;
}

const INTERRUPT_MS = 20;

/** A DuckDB for one query, with a folder for its files. DuckDB is loaded at the first query. */
export class Engine {
  private interrupting?: NodeJS.Timeout;

  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    /** Absolute path; removed at the end. */
    readonly folder: string,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener("abort", this.interrupt);
  }

  /**
   * @param folder absolute path that the engine may make its own
   * @param signal interrupts whatever runs
   */
  static async open(folder: string, signal: AbortSignal): Promise<Engine> {
    await mkdir(folder, { recursive: true });
    const duckdb = await import("@duckdb/node-api");
    const instance = await duckdb.DuckDBInstance.create(":memory:", {
      autoinstall_known_extensions: "false",
      memory_limit: "2GB",
      temp_directory: join(folder, "spill"),
    });
    const engine = new Engine(instance, await instance.connect(), folder, signal);
    try {
      for (const macro of MACROS) await engine.run(macro);
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** From now on SQL reaches no other files than those in the engine's folder. */
  async lock(): Promise<void> {
    await this.run(`SET allowed_directories = [${literal(this.folder)}]`);
    await this.run("SET enable_external_access = false");
    await this.run("SET lock_configuration = true");
  }

  /**
   * @returns rows that it changed
   * @throws QueryFailure
   */
  async run(sql: string): Promise<number> {
    return (await this.told(() => this.connection.run(sql))).rowsChanged;
  }

  /** @throws QueryFailure when the query is not valid */
  async columns(query: string): Promise<ResultColumn[]> {
    const prepared = await this.told(() => this.connection.prepare(query));
    return Array.from({ length: prepared.columnCount }, (_, i) => ({
      name: prepared.columnName(i),
      type: prepared.columnType(i).toString(),
    }));
  }

  /**
   * The bytes of a query's only column, which is a text without NULLs, chunk by chunk.
   *
   * @throws QueryFailure
   */
  async *texts(expression: string, from: string): AsyncGenerator<Buffer[]> {
    // As a BLOB: the client drops a byte order mark from texts.
    const result = await this.told(() => this.connection.stream(`SELECT encode(${expression}) ${from}`));
    for (;;) {
      const chunk = await this.told(() => result.fetchChunk());
      if (chunk === null || chunk.rowCount === 0) return;
      yield (chunk.getColumnValues(0) as { bytes: Uint8Array }[]).map(({ bytes }) => Buffer.from(bytes));
    }
  }

  async close(): Promise<void> {
    this.signal.removeEventListener("abort", this.interrupt);
    clearInterval(this.interrupting);
    this.connection.closeSync();
    this.instance.closeSync();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** An interrupt that comes before a query has begun is lost, so it comes again. */
  private readonly interrupt = (): void => {
    this.connection.interrupt();
    this.interrupting ??= setInterval(this.interrupt, INTERRUPT_MS);
  };

  private async told<T>(work: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const known = CODES.find(([pattern]) => pattern.test(message));
      throw known ? new QueryFailure(known[1], `${known[2]}: ${message}`) : error;
    }
  }
}

/** A text as SQL. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name as SQL. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Trino's names for what DuckDB finds wrong. */
const CODES: [pattern: RegExp, kind: "syntax" | "data" | "user", code: string][] = [
  [/^(Parser|Binder|Catalog) Error/, "syntax", "SYNTAX_ERROR: line 1:1"],
  [/^Conversion Error/, "data", "INVALID_CAST_ARGUMENT"],
  [/^Out of Range Error/, "data", "NUMERIC_VALUE_OUT_OF_RANGE"],
  [/^(Invalid Input|Invalid) Error/, "data", "INVALID_FUNCTION_ARGUMENT"],
  [/^Out of Memory Error/, "user", "EXCEEDED_LOCAL_MEMORY_LIMIT"],
];
