/** DuckDB statements, to be run once in every instance before a translated query. */
export const MACROS: readonly string[] = [];
