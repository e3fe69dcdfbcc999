/** How Athena reads the files of a table or partition; members are named as in Glue's API. */
export interface TableFormat {
  InputFormat: string;
  OutputFormat: string;
  SerdeInfo: { SerializationLibrary: string; Parameters: Record<string, string> };
  Columns: { Name: string; Type: string }[];
}

/**
 * Each line is one row with one text column, so a malformed line is a row like any other.
 * https://docs.aws.amazon.com/athena/latest/ug/regex-serde.html
 */
export const LINES: TableFormat = {
  InputFormat: "org.apache.hadoop.mapred.TextInputFormat",
  OutputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
  SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.serde2.RegexSerDe", Parameters: { "input.regex": "(?s)(.*)" } },
  Columns: [{ Name: "line", Type: "string" }],
};

/**
 * Each line is one history object as a JSON object: how to read its lines, or why that cannot be done.
 * https://docs.aws.amazon.com/athena/latest/ug/hive-json-serde.html
 */
export const HISTORY_DESCRIPTIONS: TableFormat = {
  InputFormat: LINES.InputFormat,
  OutputFormat: LINES.OutputFormat,
  SerdeInfo: { SerializationLibrary: "org.apache.hive.hcatalog.data.JsonSerDe", Parameters: {} },
  Columns: [
    { Name: "object", Type: "string" },
    { Name: "delimiter", Type: "string" },
    { Name: "column_count", Type: "bigint" },
    { Name: "user_position", Type: "bigint" },
    { Name: "item_position", Type: "bigint" },
    { Name: "time_position", Type: "bigint" },
    { Name: "type_position", Type: "bigint" },
    { Name: "header", Type: "string" },
    { Name: "refused", Type: "string" },
  ],
};

/** Interactions; `timestamp` is epoch seconds, `streamed` says whether the interaction also arrived as an event. */
export const INTERACTIONS: TableFormat = {
  InputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
  OutputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
  SerdeInfo: {
    SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    Parameters: { "serialization.format": "1" },
  },
  Columns: [
    { Name: "user_id", Type: "string" },
    { Name: "item_id", Type: "string" },
    { Name: "timestamp", Type: "bigint" },
    { Name: "event_type", Type: "string" },
    { Name: "streamed", Type: "boolean" },
  ],
};

/**
 * Each line is one run as a JSON object: what came in, what it was trained on, and the decision. The metrics are the service's, by name:
 * of the trained version, of the one that was serving (`present`), and of the baseline. The rows of a source are counted on their way out
 * alone, so its runs have no `rows_in` and `bad_rows`.
 * https://docs.aws.amazon.com/athena/latest/ug/hive-json-serde.html
 */
export const TRAINING_RUNS: TableFormat = {
  InputFormat: LINES.InputFormat,
  OutputFormat: LINES.OutputFormat,
  SerdeInfo: { SerializationLibrary: "org.apache.hive.hcatalog.data.JsonSerDe", Parameters: {} },
  Columns: [
    { Name: "run_id", Type: "string" },
    { Name: "run_date", Type: "string" },
    { Name: "run_key", Type: "string" },
    { Name: "finished_at", Type: "string" },
    { Name: "rows", Type: "bigint" },
    { Name: "users", Type: "bigint" },
    { Name: "items", Type: "bigint" },
    { Name: "solution_version_arn", Type: "string" },
    { Name: "metrics", Type: "map<string,double>" },
    { Name: "present", Type: "map<string,double>" },
    { Name: "baseline", Type: "map<string,double>" },
    { Name: "decision", Type: "string" },
    { Name: "reason", Type: "string" },
    { Name: "rows_in", Type: "bigint" },
    { Name: "bad_rows", Type: "bigint" },
  ],
};

/** Tables of the Glue database. */
export const TABLES = {
  events: "t100_dashboard_interaction_event",
  history: "t100_dashboard_interaction_history",
  descriptions: "t100_dashboard_interaction_history_description",
  interactions: "t200_dashboard_interaction",
  trainings: "t310_training_run",
} as const;
