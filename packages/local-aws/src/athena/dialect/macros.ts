import { castMacro } from "./casts";
import { macroName, type MACRO_FUNCTIONS } from "./functions";

type MacroFunction = (typeof MACRO_FUNCTIONS)[number];

/** Empties all strings of a JSON text, to find what DuckDB accepts and JSON does not allow. */
const OUTSIDE_STRINGS = String.raw`regexp_replace(s, '"(?:[^"\\]|\\.)*"', '""', 'g')`;
const NO_JSON = String.raw`(?i)nan|inf|,\s*[\]}]`;

/** What a number beyond a double has. Trino reads one with a fraction or an exponent as infinite, and writes it as the text Infinity. */
const HUGE = String.raw`[0-9]{200}|[0-9][eE][+]?[0-9]{3,}\s*(?:[,\]}]|$)`;
const JSON_PIECES = String.raw`"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[^"0-9-]+`;

/** Parameters and body of the functions' macros. They fail through a cast, because TRY catches only that error. */
const FUNCTIONS: Record<MacroFunction, string | readonly string[]> = {
  array_join: "(l, separator) AS list_aggregate(list_transform(l, x -> CAST(x AS VARCHAR)), 'string_agg', separator)",
  cardinality: "(l) AS len(l)",
  concat: ["(a, b) AS a || b", "(a, b, c) AS a || b || c", "(a, b, c, d) AS a || b || c || d"],
  contains: "(l, x) AS CASE WHEN list_contains(l, x) THEN TRUE WHEN len(l) = list_count(l) AND x IS NOT NULL THEN FALSE END",
  element_at: "(x, k) AS x[k]",
  from_iso8601_timestamp: String.raw`(s) AS CAST(
    CASE
      WHEN regexp_full_match(s, '\d{4}-\d{2}-\d{2}') THEN s || 'T00:00:00Z'
      WHEN regexp_full_match(s, '\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?') THEN s || 'Z'
      WHEN regexp_full_match(s, '\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})') THEN s
      ELSE 'the local athena does not know the time ' || s
    END AS TIMESTAMPTZ)`,
  json_array_length: "(j) AS CASE WHEN json_valid(j) AND json_type(j) = 'ARRAY' THEN CAST(json_array_length(j) AS BIGINT) END",
  json_extract: "(j, path) AS CASE WHEN path = '$' THEN CAST(j AS JSON) ELSE trino_json_member(j, substr(path, 3)) END",
  json_extract_scalar: `(j, path) AS trino_json_scalar(
    CASE WHEN path = '$' THEN CAST(j AS VARCHAR) ELSE CAST(trino_json_member(j, substr(path, 3)) AS VARCHAR) END)`,
  json_format: "(j) AS CAST(j AS VARCHAR)",
  json_parse: `(s) AS CAST(
    CASE
      WHEN NOT json_valid(s) THEN '!' || s
      WHEN regexp_matches(s, '${HUGE}') AND NOT regexp_matches(${OUTSIDE_STRINGS}, '${NO_JSON}')
        THEN array_to_string(list_transform(regexp_extract_all(s, '${JSON_PIECES}'), piece -> CASE
          WHEN regexp_matches(piece, '^-?[0-9]+[.eE]') AND isinf(TRY_CAST(piece AS DOUBLE))
            THEN CASE WHEN piece LIKE '-%' THEN '"-Infinity"' ELSE '"Infinity"' END
          ELSE piece
        END), '')
      WHEN NOT regexp_matches(s, '${NO_JSON}') THEN s
      WHEN regexp_matches(${OUTSIDE_STRINGS}, '${NO_JSON}') THEN '!' || s
      ELSE s
    END AS JSON)`,
  length: "(x) AS CASE WHEN typeof(x) = 'BLOB' THEN octet_length(CAST(x AS BLOB)) ELSE length(CAST(x AS VARCHAR)) END",
  regexp_extract: ["(s, p) AS regexp_extract_all(s, p)[1]", "(s, p, g) AS regexp_extract_all(s, p, g)[1]"],
  regexp_extract_all: ["(s, p) AS regexp_extract_all(s, p)", "(s, p, g) AS regexp_extract_all(s, p, g)"],
  regexp_like: "(s, p) AS regexp_matches(s, p)",
  regexp_replace: [
    "(s, p) AS regexp_replace(s, p, '', 'g')",
    String.raw`(s, p, r) AS regexp_replace(s, p, regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g')`,
  ],
  split: "(s, delimiter) AS string_split(s, delimiter)",
  strpos: "(s, part) AS strpos(s, part)",
  substr: [
    "(s, start) AS CASE WHEN start = 0 OR start < -length(s) THEN '' ELSE substr(s, start) END",
    "(s, start, n) AS CASE WHEN start = 0 OR start < -length(s) OR n <= 0 THEN '' ELSE substr(s, start, n) END",
  ],
  to_unixtime: "(t) AS epoch(t)",
  to_utf8: "(s) AS encode(s)",
};

/** Base of the other JSON macros: JSON null differs from SQL NULL, and the last of duplicate members counts. */
const HELPERS: readonly string[] = [
  `trino_json_items(j) AS json_extract(j, '$[*]')`,
  `trino_json_members(j) AS CASE
    WHEN len(json_keys(j)) = len(list_distinct(json_keys(j))) THEN map(json_keys(j), json_extract(j, '$.*'))
    ELSE map(
      list_distinct(json_keys(j)),
      list_transform(
        list_distinct(json_keys(j)),
        k -> json_extract(j, '$.*')[len(json_keys(j)) + 1 - list_position(list_reverse(json_keys(j)), k)]))
  END`,
  "trino_json_member(j, k) AS CASE WHEN json_valid(j) AND json_type(j) = 'OBJECT' THEN trino_json_members(j)[k] END",
  `trino_json_scalar(j) AS CASE
    WHEN json_valid(j) AND json_type(j) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(j, '$')
  END`,
];

/** Casts of scalars: the condition under which Trino casts, and the result. */
const CASTS = {
  bigint: { when: textIs(String.raw`[+-]?\d+`), value: rounded("BIGINT") },
  integer: { when: textIs(String.raw`[+-]?\d+`), value: rounded("INTEGER") },
  double: { when: textIs(String.raw`[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`), value: "CAST(x AS DOUBLE)" },
  varchar: {
    when: `typeof(x) IN ('VARCHAR', 'BOOLEAN', 'INTEGER', 'BIGINT')
      OR (typeof(x) = 'JSON' AND json_type(CAST(x AS VARCHAR)) NOT IN ('OBJECT', 'ARRAY'))`,
    value: "CASE WHEN typeof(x) = 'JSON' THEN trino_json_scalar(CAST(x AS VARCHAR)) ELSE CAST(x AS VARCHAR) END",
  },
  json: { when: "typeof(x) IN ('VARCHAR', 'BOOLEAN', 'INTEGER', 'BIGINT', 'JSON')", value: "CASE WHEN x IS NOT NULL THEN to_json(x) END" },
};

const JSON_CASTS = {
  json_array: { type: "ARRAY", value: "trino_json_items(x)", duckdb: "JSON[]" },
  json_map: { type: "OBJECT", value: "trino_json_members(x)", duckdb: "MAP(VARCHAR, JSON)" },
};

/** DuckDB statements, to be run once in every instance before a translated query. */
export const MACROS: readonly string[] = [
  ...HELPERS,
  ...Object.entries(FUNCTIONS).map(([name, forms]) => `${macroName(name)}${[forms].flat().join(", ")}`),
  ...Object.entries(CASTS).flatMap(([target, { when, value }]) => {
    const failure = `CAST(CAST('no ${target}: ' || x AS BIGINT) AS ${target})`;
    return [
      `${castMacro("cast", target)}(x) AS CASE WHEN ${when} THEN ${value} WHEN x IS NOT NULL THEN ${failure} END`,
      `${castMacro("try_cast", target)}(x) AS TRY(CASE WHEN ${when} THEN ${value} END)`,
    ];
  }),
  ...Object.entries(JSON_CASTS).flatMap(([target, { type, value, duckdb }]) => {
    const otherwise = `WHEN 'NULL' THEN NULL ELSE CAST(x AS ${duckdb})`;
    return [
      `${castMacro("cast", target)}(x) AS CASE json_type(x) WHEN '${type}' THEN ${value} ${otherwise} END`,
      `${castMacro("try_cast", target)}(x) AS CASE WHEN json_type(x) = '${type}' THEN ${value} END`,
    ];
  }),
].map((macro) => `CREATE MACRO ${macro}`);

function textIs(pattern: string): string {
  return `typeof(x) <> 'VARCHAR' OR regexp_full_match(CAST(x AS VARCHAR), '${pattern}')`;
}

/** Trino rounds halves away from zero. */
function rounded(type: string): string {
  return `CASE WHEN typeof(x) = 'DOUBLE' THEN CAST(round(TRY_CAST(x AS DOUBLE)) AS ${type}) ELSE CAST(x AS ${type}) END`;
}
