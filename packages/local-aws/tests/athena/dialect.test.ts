import * as assert from "node:assert/strict";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { MACROS, nodesOf, parseStatement, tablesOf, translate } from "../../src/athena/dialect";

describe("the local Athena's dialect", () => {
  describe("statements", () => {
    const unload = "UNLOAD (SELECT ')' AS a FROM t -- it's )\n) TO 's3://b/it''s/' WITH (format = 'TEXTFILE'";

    it("takes UNLOAD apart", () => {
      const query = "SELECT ')' AS a FROM t";
      const parsed = { kind: "unload", query, destination: "s3://b/it's/", format: "TEXTFILE" };
      assert.deepEqual(parseStatement(`${unload}, compression = 'none');`), { ...parsed, compression: "NONE" });
      assert.deepEqual(parseStatement(`${unload})`), { ...parsed, compression: "GZIP" });
      assert.deepEqual(parseStatement(`unload (select 1) to 's3://b/' with (FORMAT='parquet', compression = 'SNAPPY')`), {
        kind: "unload",
        query: "select 1",
        destination: "s3://b/",
        format: "PARQUET",
        compression: "SNAPPY",
      });
    });

    it("leaves a query as it is but for comments and space", () => {
      const sql = `/* one */ WITH a AS (SELECT 'x -- y' AS "b--c")\nSELECT * -- two\nFROM a;`;
      assert.deepEqual(parseStatement(sql), { kind: "select", query: `WITH a AS ( SELECT 'x -- y' AS "b--c" ) SELECT * FROM a` });
    });

    const refused: [string, RegExp][] = [
      ["", /does not know the statement without any text/],
      ["DROP TABLE t", /does not know the statement DROP/],
      ["CREATE TABLE t AS SELECT 1", /does not know the statement CREATE/],
      ["SELECT 1; SELECT 2", /one statement at a time/],
      ["SELECT #", /cannot read "#"/],
      ["SELECT 'open", /cannot read "'open"/],
      ["UNLOAD SELECT 1", /a query in brackets/],
      ["UNLOAD (SELECT 1 TO 's3://b/'", /a bracket that nothing closes/],
      ["UNLOAD (SELECT 1) TO s3", /TO and a location in quotes/],
      ["UNLOAD (SELECT 1) TO 's3://b/'", /WITH \(format = \.\.\.\)/],
      [`${unload}) LIMIT 1`, /WITH \(format = \.\.\.\)/],
      [`${unload}, partitioned_by = ARRAY['a'])`, /such as format = 'PARQUET'/],
      [`${unload}, field_delimiter = ',')`, /does not know the UNLOAD property field_delimiter/],
      ["UNLOAD (SELECT 1) TO 's3://b/' WITH (format = 'AVRO')", /does not know the UNLOAD format "AVRO"/],
      ["UNLOAD (SELECT 1) TO 's3://b/' WITH (compression = 'GZIP')", /does not know the UNLOAD format ""/],
      ["UNLOAD (SELECT 1) TO 's3://b/' WITH (format = 'PARQUET', compression = 'NONE')", /UNLOAD compression "NONE", only GZIP, SNAPPY/],
    ];
    for (const [sql, message] of refused) it(`refuses ${JSON.stringify(sql)}`, () => assert.throws(() => parseStatement(sql), message));
  });

  describe("tables", () => {
    const named = async (query: string) => tablesOf(await nodesOf(query));

    it("names each table once, wherever it is read", async () => {
      const query = `WITH a AS (SELECT * FROM "My-Db"."t.1"), b AS (SELECT * FROM a JOIN Db.T2 AS t ON t.x = a.x)
        SELECT (SELECT max(x) FROM db."t3"), l.e FROM b CROSS JOIN UNNEST(b.l) AS l (e)
        WHERE x IN (SELECT x FROM "db"."t2") UNION ALL SELECT * FROM (SELECT * FROM a) AS n`;
      assert.deepEqual((await named(query)).map(({ database, table }) => `${database} ${table}`).sort(), ["My-Db t.1", "db t2", "db t3"]);
      assert.deepEqual(await named("SELECT 1"), []);
    });

    it("refuses a table without its database, with a catalog, and what is no SQL", async () => {
      await assert.rejects(named("SELECT * FROM t"), /must have a table as "database"."table", got t$/);
      await assert.rejects(named("WITH t AS (SELECT 1) SELECT * FROM u, t"), /got u$/);
      await assert.rejects(named(`SELECT * FROM c."d"."t"`), /got c\.d\.t$/);
      await assert.rejects(nodesOf("SELECT FROM WHERE"), /cannot read the query/);
    });
  });

  describe("queries", () => {
    let connection: DuckDBConnection;
    before(async () => {
      connection = await (await DuckDBInstance.create(":memory:", { autoload_known_extensions: "false" })).connect();
      for (const macro of MACROS) await connection.run(macro);
    });
    after(() => connection.closeSync());

    async function valuesOf(query: string): Promise<unknown[]> {
      const rows = (await connection.runAndReadAll(await translate(query))).getRowsJson();
      assert.equal(rows.length, 1);
      return rows[0];
    }

    const same: [string, unknown][] = [
      [`json_format(json_parse('{"b": 1, "a":[1, null]}'))`, '{"b": 1, "a":[1, null]}'],
      [`try(json_parse('{"a":1,}'))`, null],
      [`try(json_parse('[NaN]'))`, null],
      [`try(json_parse(''))`, null],
      [`json_format(json_parse('["NaN,]"]'))`, '["NaN,]"]'],
      [`json_format(json_parse('{"a":1e309,"b":[-1E+400 ,1e308]}'))`, '{"a":"Infinity","b":["-Infinity" ,1e308]}'],
      [
        `json_format(json_parse('[${"9".repeat(309)}.0,"${"9".repeat(309)}",${"9".repeat(309)}]'))`,
        `["Infinity","${"9".repeat(309)}",${"9".repeat(309)}]`,
      ],
      [`json_format(json_parse('["\\"1e309]","u-1e309",1e-400]'))`, '["\\"1e309]","u-1e309",1e-400]'],
      [`try(json_parse('[1e309,]'))`, null],
      [`try(json_parse('[NaN,1e309]'))`, null],
      [`array_join(map_keys(try_cast(json_parse('{"a":1,"b":null}') AS map(varchar, json))), ' ')`, "a b"],
      [`map_keys(try_cast(json_parse('1') AS map(varchar, json)))`, null],
      [`json_format(json_extract('{"a":{"b":null}}', '$.a'))`, '{"b":null}'],
      [`json_format(json_extract('{"a":null}', '$.a'))`, "null"],
      [`json_format(json_extract('{"a":1,"a":2}', '$.a'))`, "2"],
      [`json_extract('{"a":1}', '$.b')`, null],
      [`json_extract('[1]', '$.a')`, null],
      [`json_extract_scalar('{"a":"x"}', '$.a')`, "x"],
      [`json_extract_scalar('"\\u00eb\\n"', '$')`, "ë\n"],
      [`json_extract_scalar('{"a":12.5}', '$.a')`, "12.5"],
      [`json_extract_scalar('{"a":true}', '$.a')`, "true"],
      [`json_extract_scalar('{"a":[1]}', '$.a')`, null],
      [`json_extract_scalar('{"a":null}', '$.a')`, null],
      [`json_extract_scalar('no json', '$')`, null],
      [`json_array_length('[1,[2,3]]')`, "2"],
      [`json_array_length('{}')`, null],
      [`json_format(element_at(CAST(json_parse('[1,"a",null]') AS array(json)), 3))`, "null"],
      [`cardinality(CAST(json_parse('[]') AS array(json)))`, "0"],
      [`try_cast(json_parse('{}') AS array(json))`, null],
      [`json_format(element_at(try_cast(json_parse('{"a":1,"b":2,"a":null}') AS map(varchar, json)), 'a'))`, "null"],
      [`element_at(try_cast(json_parse('{"a":1}') AS map(varchar, json)), 'b')`, null],
      [`try_cast(json_parse('[1]') AS map(varchar, json))`, null],
      [`json_format(CAST('a"b' AS json))`, '"a\\"b"'],
      [`CAST(CAST(NULL AS varchar) AS json)`, null],
      [`CAST(json_parse('"x"') AS varchar)`, "x"],
      [`CAST(json_parse('null') AS varchar)`, null],
      [`try_cast('12' AS bigint)`, "12"],
      [`try_cast('0x12' AS bigint)`, null],
      [`try_cast('1_000' AS bigint)`, null],
      [`try_cast('1.5' AS bigint)`, null],
      [`try_cast(' 5' AS bigint)`, null],
      [`try_cast('99999999999999999999' AS bigint)`, null],
      [`CAST(2.5E0 AS bigint)`, "3"],
      [`try_cast('1e3' AS double)`, 1000],
      [`try_cast('1e999' AS double)`, "Infinity"],
      [`try_cast('one' AS double)`, null],
      [`CAST(5 AS varchar)`, "5"],
      [`regexp_like('a1', '[0-9]')`, true],
      [`regexp_extract('abc', 'x')`, null],
      [`regexp_extract('abc', '(b)(x)?', 2)`, null],
      [`regexp_extract('abc', '(b)(c)', 2)`, "c"],
      [`regexp_extract_all('a1b2', '([a-z])([0-9])', 2)`, ["1", "2"]],
      [`regexp_replace('a-b-c', '-')`, "abc"],
      [`regexp_replace('ab ab', '(a)(b)', '$2$1')`, "ba ba"],
      [`regexp_replace('a', 'a', '\\\\x')`, "\\x"],
      [`split('a,b,', ',')`, ["a", "b", ""]],
      [`strpos('éb', 'b')`, "2"],
      [`substr('abc', 0, 2)`, ""],
      [`substr('abc', -2)`, "bc"],
      [`substr('abc', -5, 3)`, ""],
      [`substr('abc', 2, 9)`, "bc"],
      [`length('😀é')`, "2"],
      [`length(to_utf8('😀é'))`, "6"],
      [`concat('a', NULL, 'b')`, null],
      [`array_join(ARRAY[1, NULL, 2], '-')`, "1-2"],
      [`contains(ARRAY['a', NULL], 'a')`, true],
      [`contains(ARRAY['a', NULL], 'b')`, null],
      [`contains(CAST(ARRAY[] AS array(varchar)), 'b')`, false],
      [`element_at(ARRAY['a', 'b'], 3)`, null],
      [`element_at(ARRAY['a', 'b'], -1)`, "b"],
      [`transform(ARRAY['a'], x -> x || 'b')`, ["ab"]],
      [`filter(ARRAY[1, 2, NULL], x -> x > 1)`, [2]],
      [`to_unixtime(date_parse('2026/11/20/12', '%Y/%m/%d/%H'))`, 1_795_176_000],
      [`to_unixtime(from_iso8601_timestamp('2026-11-20T12:00:00.5+01:00'))`, 1_795_172_400.5],
      [`to_unixtime(from_iso8601_timestamp('2026-11-20'))`, 1_795_132_800],
      [`try(from_iso8601_timestamp('2026-02-30T00:00:00Z'))`, null],
      [`chr(128512)`, "😀"],
      [`'a\\b' || 'it''s'`, "a\\bit's"],
      [`if(NULL, 1, 2)`, 2],
      [`floor(5E0 / 2)`, 2],
    ];
    for (const [expression, value] of same)
      it(`answers ${expression}`, async () => assert.deepEqual(await valuesOf(`SELECT ${expression} AS x`), [value]));

    it("fails where Trino fails", async () => {
      for (const expression of [
        `json_parse('{')`,
        `CAST('1.5' AS bigint)`,
        `CAST('x' AS double)`,
        `CAST(json_parse('[1]') AS varchar)`,
        `CAST(json_parse('{}') AS array(json))`,
        `CAST(1E0 AS varchar)`,
        `from_iso8601_timestamp('20.11.2026')`,
      ])
        await assert.rejects(valuesOf(`SELECT ${expression} AS x`), /Error/, expression);
    });

    it("unnests with ordinality, groups, filters and numbers rows", async () => {
      const totals = `SELECT count(*) FILTER (WHERE n > 1), sum(n), max(e) FROM (SELECT e, n, row_number() OVER (PARTITION BY e ORDER BY n) AS r
        FROM (VALUES 1) AS t (a) CROSS JOIN UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS l (e, n)) WHERE r = 1`;
      assert.deepEqual(await valuesOf(totals), ["1", "3", "b"]);
    });

    const unknown: [string, RegExp][] = [
      ["SELECT now()", /does not know the function now/],
      ["SELECT array_agg(a) FROM d.t", /does not know the function array_agg/],
      ["SELECT read_csv('/etc/passwd')", /does not know the function read_csv/],
      ["SELECT * FROM read_csv('x')", /does not know the function read_csv/],
      ["SELECT * FROM 'x.csv'", /does not know the table 'x.csv'/],
      ["SELECT current_date", /does not know current_date/],
      ["SELECT a[1] FROM d.t", /does not know subscripts/],
      ["SELECT split(a, ',')[1] FROM d.t", /does not know subscripts/],
      ["SELECT 5 / 2", /does not know a division/],
      ["SELECT CAST(a AS decimal(10, 2)) FROM d.t", /does not know a cast to decimal\(10,2\)/],
      ["SELECT CAST(a AS timestamp) FROM d.t", /does not know a cast to timestamp/],
      ["SELECT regexp_like(a, b) FROM d.t", /argument 2 of regexp_like as a literal/],
      ["SELECT regexp_like(a, 'x(?=y)') FROM d.t", /does not know \(\? in the pattern/],
      ["SELECT regexp_like(a, '(x)\\1') FROM d.t", /does not know \\1 in the pattern/],
      ["SELECT regexp_like(a, 'x$') FROM d.t", /does not know \$ in the pattern/],
      ["SELECT regexp_like(a, '[\\d]') FROM d.t", /does not know \\d in the pattern/],
      ["SELECT regexp_like(a, 'x++') FROM d.t", /does not know \+\+ in the pattern/],
      ["SELECT date_parse(a, '%Y-%j') FROM d.t", /does not know %j in the format/],
      ["SELECT json_extract(a, '$..b') FROM d.t", /does not know the JSON path '\$\.\.b'/],
      ["SELECT * FROM d.t TABLESAMPLE BERNOULLI (10)", /does not know TABLESAMPLE/],
      ["SELECT FROM d.t WHERE", /cannot read the query/],
    ];
    for (const [query, message] of unknown) it(`refuses ${query}`, async () => assert.rejects(translate(query), message));
  });
});
