import * as assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readStatement, renderStatement, statementExpression } from "../../../components/pipeline/statements";

describe("a statement", () => {
  it("takes texts, identifiers, lists and flags as SQL writes them", () => {
    const text = "SELECT :a, :b, :c, :d, :e FROM :t";
    const values = {
      a: { text: "it's" },
      b: { list: ["x", "y'z"] },
      c: { list: [] },
      d: { flag: true },
      e: { flag: false },
      t: { identifier: 'odd"name' },
    };
    const expected = `SELECT 'it''s', ARRAY['x', 'y''z'], CAST(ARRAY[] AS array(varchar)), TRUE, FALSE FROM "odd""name"`;
    assert.equal(renderStatement(text, values), expected);
  });

  it("keeps what stands in quotes, and leaves comments out", () => {
    const text = `-- of :a\nSELECT ':a ''' AS ":a", :a -- :b\nFROM t`;
    assert.equal(renderStatement(text, { a: { text: "v" } }), `SELECT ':a ''' AS ":a", 'v' FROM t`);
  });

  it("takes in a fragment with its own parameters", () => {
    const values = { rows: { fragment: "r AS (SELECT :n)\n" }, n: { text: "1" } };
    assert.equal(renderStatement("WITH :rows SELECT :n FROM r", values), "WITH r AS (SELECT '1') SELECT '1' FROM r");
  });

  it("refuses a parameter without a value, and a value without a parameter", () => {
    assert.throws(() => renderStatement("SELECT :a", {}), { message: "statement needs a value for :a" });
    assert.throws(() => renderStatement("SELECT 1", { a: { text: "x" } }), { message: "statement has no parameter :a" });
  });

  it("becomes an expression of the state machine", () => {
    const values = { day: { jsonata: "$runDate" }, name: { text: 'with "quotes"' } };
    const expected = String.raw`{% "SELECT 'with \"quotes\"' WHERE d = '" & ($runDate) & "'" %}`;
    assert.equal(statementExpression("SELECT :name WHERE d = :day", values), expected);
    assert.throws(() => renderStatement("SELECT :day", { day: values.day }), {
      message: "statement must have plain values, got the expression $runDate",
    });
  });

  it("lies in a file of its own, which is read by its name", () => {
    const names = readdirSync(join(__dirname, "../../../sql")).map((file) => file.replace(/\.sql$/, ""));
    const known = ["build_interactions", "classified_rows", "count_interactions", "csv_lines", "event_rows", "history_rows", "write_parts"];
    assert.deepEqual(names.sort(), known);
    for (const name of names) assert.notEqual(readStatement(name).trim(), "", name);
  });
});
