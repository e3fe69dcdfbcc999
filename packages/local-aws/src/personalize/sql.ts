import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from "@duckdb/node-api";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** A DuckDB of one job's own, with a folder for its files. */
export class Sql {
  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    /** Absolute path; removed at the end. */
    readonly folder: string,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Opens one, and closes it when the work is done.
   *
   * @param folder absolute path that it may make its own
   * @param signal interrupts whatever runs
   */
  static async use<T>(folder: string, signal: AbortSignal, work: (sql: Sql) => Promise<T>): Promise<T> {
    await mkdir(folder, { recursive: true });
    const instance = await (
      await import("@duckdb/node-api")
    ).DuckDBInstance.create(":memory:", { memory_limit: "2GB", temp_directory: join(folder, "spill") });
    const sql = new Sql(instance, await instance.connect(), folder, signal);
    const interrupt = (): void => sql.connection.interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      return await work(sql);
    } finally {
      signal.removeEventListener("abort", interrupt);
      sql.connection.closeSync();
      sql.instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    }
  }

  async run(statement: string): Promise<void> {
    this.signal.throwIfAborted();
    await this.connection.run(statement);
  }

  /** All rows of a query; BIGINT values are JavaScript's bigint. */
  async rows(query: string): Promise<DuckDBValue[][]> {
    this.signal.throwIfAborted();
    return (await this.connection.runAndReadAll(query)).getRows();
  }
}
