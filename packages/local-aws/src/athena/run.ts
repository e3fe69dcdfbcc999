import type { Cloud, Principal } from "../service";
import { type Node, nodesOf, parseStatement, tablesOf, translate, type Statement, type TableName } from "./dialect";
import { Engine, identifier } from "./engine";
import { failureOf, QueryCancelled, QueryFailure } from "./failure";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Lake } from "./lake";
import { parseFolder, uriOf, type Location } from "./location";
import { partitionsOf } from "./pruning";
import { writeResults } from "./results";
import { prepare, type OutputColumn } from "./rows";
import { Tables, type Source } from "./tables";
import { checkDestination, upload, writeFiles } from "./unload";
import { createView } from "./views";

/** What a run needs of its query. */
export interface Task {
  id: string;
  text: string;
  /** Default database. */
  database?: string;
  /** Folder of results: `s3://bucket/prefix/` */
  outputLocation: string;
  /** Account that must own the bucket of results. */
  expectedBucketOwner?: string;
  /** Scan limit in bytes. */
  cutoff?: number;
}

/** Outcome of a query. */
export interface Outcome {
  columns: OutputColumn[];
  /** Number of rows that an UNLOAD wrote. */
  rows?: number;
  /** URI of an UNLOAD's manifest. */
  manifest?: string;
}

/** How a run behaves. */
export interface RunOptions {
  /** Absolute path of a folder that the run creates and removes. */
  folder: string;
  /** Approximate size of UNLOAD's files, in bytes. */
  pieceBytes: number;
  signal: AbortSignal;
  /** Receives the size of the query's objects in bytes, before they are read. */
  onScan(bytes: number): void;
}

/**
 * Runs a query as its caller: all reads and writes need the caller's permissions.
 *
 * @throws QueryFailure, QueryCancelled; anything else when the signal aborts
 */
export async function run(cloud: Cloud, caller: Principal, task: Task, options: RunOptions): Promise<Outcome> {
  const { statement, nodes, names, sql } = await understand(task);
  await cloud.call(caller, "athena", "GetDataCatalog", { Name: "AwsDataCatalog" });
  const lake = new Lake(cloud, caller);
  const destination = statement.kind === "unload" ? await checkDestination(lake, statement.destination) : undefined;
  const sources = await findSources(new Tables(cloud, caller, lake), names, nodes);
  const scanned = sources.flatMap(({ objects }) => objects).reduce((sum, { size }) => sum + size, 0);
  options.onScan(scanned);
  if (task.cutoff !== undefined && scanned > task.cutoff) throw new QueryCancelled("Bytes scanned limit was exceeded");

  options.signal.throwIfAborted();
  const engine = await Engine.open(options.folder, options.signal);
  try {
    const loading = { engine, lake, withPath: statement.query.includes('"$path"'), signal: options.signal };
    for (const [number, source] of sources.entries()) await createView(loading, source, number);
    if (names.some((name) => name.database === task.database)) await engine.run(`USE ${identifier(String(task.database))}`);
    await engine.lock();
    const rows = await prepare(engine, sql, statement.query);
    const output = parseFolder(task.outputLocation) as Location;
    const result = (suffix: string): Location => ({ ...output, key: `${output.key}${task.id}${suffix}` });
    if (statement.kind === "select" || destination === undefined) {
      await lake.put(result(".csv"), await writeResults(engine, rows), task.expectedBucketOwner);
      return { columns: rows.columns };
    }
    const written = await writeFiles(engine, rows, statement, options.pieceBytes);
    options.signal.throwIfAborted();
    const suffix = statement.compression === "GZIP" && statement.format === "TEXTFILE" ? ".gz" : "";
    const uris = await upload(lake, destination, written.files, suffix, cloud.clock.now());
    const manifest = join(engine.folder, "manifest.csv");
    await writeFile(manifest, uris.map((uri) => `${uri}\n`).join(""));
    await lake.put(result("-manifest.csv"), manifest, task.expectedBucketOwner);
    return { columns: [], rows: written.rows, manifest: uriOf(result("-manifest.csv")) };
  } finally {
    await engine.close();
  }
}

interface Understood {
  statement: Statement;
  /** Of the syntax tree. */
  nodes: Node[];
  names: TableName[];
  /** DuckDB's. */
  sql: string;
}

async function understand({ text, database }: Task): Promise<Understood> {
  try {
    const statement = parseStatement(text);
    const nodes = await nodesOf(statement.query);
    return { statement, nodes, names: tablesOf(nodes, database), sql: await translate(statement.query) };
  } catch (error) {
    throw new QueryFailure("syntax", `SYNTAX_ERROR: ${failureOf(error).message.replace(/^GENERIC_INTERNAL_ERROR: /, "")}`);
  }
}

async function findSources(tables: Tables, names: Understood["names"], nodes: readonly Node[]): Promise<Source[]> {
  const sources: Source[] = [];
  for (const name of names) sources.push(await tables.source(name, partitionsOf(nodes, name)));
  return sources;
}
