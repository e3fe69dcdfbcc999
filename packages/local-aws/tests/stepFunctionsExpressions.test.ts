import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { evaluate, isExpression } from "../src/stepFunctions/expressions";

const value = (expression: string, bindings = {}): Promise<unknown> => evaluate(`{% ${expression} %}`, "Output", bindings);
const fails = (expression: string, message: RegExp): Promise<void> =>
  assert.rejects(value(expression), { error: "States.QueryEvaluationError", reason: message });

describe("local Step Functions: expressions", () => {
  it("are strings that begin with {% and end with %}", () => {
    assert.deepEqual(["{%1%}", "{% 1 %}", " {% 1 %}", "{% 1 %} ", "a{% 1 %}", "{% 1", ""].map(isExpression), [
      true,
      true,
      ...Array<boolean>(5).fill(false),
    ]);
  });

  it("evaluate at every depth, and nothing else does", async () => {
    const template = { a: ["{% $x %}", { b: "{% $x + 1 %}" }], "{% $x %}": "key", n: 1, t: "text", z: null, f: false };
    const expected = { a: [1, { b: 2 }], "{% $x %}": "key", n: 1, t: "text", z: null, f: false };
    assert.deepEqual(await evaluate(template, "Output", { x: 1 }), expected);
  });

  it("have the functions that Step Functions adds", async () => {
    assert.deepEqual(await value("$partition([1, 2, 3, 4, 5], 2)"), [[1, 2], [3, 4], [5]]);
    assert.deepEqual(await value("$partition(7, 2)"), [[7]]);
    assert.deepEqual(await value("$range(0, 1, 0.25)"), [0, 0.25, 0.5, 0.75, 1]);
    assert.deepEqual(await value("$range(3, 1, -1)"), [3, 2, 1]);
    for (const [name, algorithm] of [
      ["MD5", "md5"],
      ["SHA-1", "sha1"],
      ["SHA-256", "sha256"],
      ["SHA-384", "sha384"],
      ["SHA-512", "sha512"],
    ]) {
      assert.equal(await value(`$hash('é', '${name}')`), createHash(algorithm).update("é").digest("hex"));
    }
    assert.match(String(await value("$uuid()")), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.deepEqual(await value(`$parse('{"a": [1]}')`), { a: [1] });
    assert.equal(await value("$random(7) = $random(7)"), true);
    assert.equal(await value("$random() < 1 and $random() >= 0"), true);
  });

  it("refuse invalid arguments of the added functions", async () => {
    await fails("$partition([1], 0)", /the size must be a whole number above 0, got 0/);
    await fails("$range(1, 2000, 1)", /at most 1000 numbers/);
    await fails("$hash('a', 'SHA-2')", /the algorithm must be one of MD5, SHA-1, .* got SHA-2/);
    await fails("$parse('{')", /during evaluation/);
  });

  it("return plain JSON", async () => {
    const result = await value("$map([1, 2], function($v) { $v * 2 })[$ > 0]");
    assert.deepEqual(Object.getOwnPropertyNames(result), ["0", "1", "length"]);
    assert.deepEqual(await value("$states.a[b = 1]", { states: { a: [{ b: 1 }, { b: 2 }] } }), { b: 1 });
    await fails("$sum", /returned a value that is not JSON/);
    await fails("function($x) { $x }", /returned a value that is not JSON/);
    await fails("{'f': $sum}", /returned a value that is not JSON/);
    await fails("1 / 0", /JSON|number/);
  });

  it("fail on nothing, on errors and on endless recursion", async () => {
    await fails("$states.none", /'\$states\.none' specified for the field 'Output' returned nothing \(undefined\)/);
    await fails("name", /returned nothing/);
    await fails("$error('no such day')", /no such day/);
    await fails("1 + 'a'", /during evaluation/);
    await fails("($f := function($x) { 1 + $f($x) }; $f(1))", /during evaluation/);
  });

  it("keep the variables of one evaluation from the next", async () => {
    assert.equal(await value("($y := $x; $y)", { x: 1 }), 1);
    await fails("$y", /returned nothing/);
    await fails("($x)", /returned nothing/);
  });
});
