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
   * @param folder absolute path of a folder that the engine creates
   * @param signal interrupts the running statement
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

  /** Restricts SQL to the files of the engine's folder from now on. */
  async lock(): Promise<void> {
    await this.run(`SET allowed_directories = [${literal(this.folder)}]`);
    await this.run("SET enable_external_access = false");
    await this.run("SET lock_configuration = true");
  }

  /**
   * @returns number of changed rows
   * @throws QueryFailure
   */
  async run(sql: string): Promise<number> {
    return (await this.withTrinoErrors(() => this.connection.run(sql))).rowsChanged;
  }

  /** @throws QueryFailure when the query is not valid */
  async columns(query: string): Promise<ResultColumn[]> {
    const prepared = await this.withTrinoErrors(() => this.connection.prepare(query));
    return Array.from({ length: prepared.columnCount }, (_, i) => ({
      name: prepared.columnName(i),
      type: prepared.columnType(i).toString(),
    }));
  }

  /**
   * Streams the bytes of a query's only column, a text without NULLs.
   *
   * @throws QueryFailure
   */
  async *texts(expression: string, from: string): AsyncGenerator<Buffer[]> {
    // As a BLOB: the client drops a byte order mark from texts.
    const result = await this.withTrinoErrors(() => this.connection.stream(`SELECT encode(${expression}) ${from}`));
    for (;;) {
      const chunk = await this.withTrinoErrors(() => result.fetchChunk());
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

  /** Repeats the interrupt, because one that comes before a query begins is lost. */
  private readonly interrupt = (): void => {
    this.connection.interrupt();
    this.interrupting ??= setInterval(this.interrupt, INTERRUPT_MS);
  };

  private async withTrinoErrors<T>(work: () => Promise<T>): Promise<T> {
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

/** Quotes a text as an SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Quotes a name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Trino's error names for DuckDB's errors. */
const CODES: [pattern: RegExp, kind: "syntax" | "data" | "user", code: string][] = [
  [/^(Parser|Binder|Catalog) Error/, "syntax", "SYNTAX_ERROR: line 1:1"],
  [/^Conversion Error/, "data", "INVALID_CAST_ARGUMENT"],
  [/^Out of Range Error/, "data", "NUMERIC_VALUE_OUT_OF_RANGE"],
  [/^(Invalid Input|Invalid) Error/, "data", "INVALID_FUNCTION_ARGUMENT"],
  [/^Out of Memory Error/, "user", "EXCEEDED_LOCAL_MEMORY_LIMIT"],
];
