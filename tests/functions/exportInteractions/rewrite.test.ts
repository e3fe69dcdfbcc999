import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { makeRewriter } from "../../../functions/exportInteractions/rewrite";
import { anyPart, COLUMNS, linesOf } from "../../support/exportParts";

function rewritten(content: string, cuts: readonly number[]): string {
  const rewriter = makeRewriter(COLUMNS);
  const bytes = Buffer.from(content);
  const ends = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length))), bytes.length].sort((a, b) => a - b);
  const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
  return Buffer.concat([...chunks.flatMap((chunk) => rewriter.push(chunk)), ...rewriter.end()]).toString();
}

describe("makeRewriter", () => {
  it("gives the lines of any part, however it is cut", () => {
    const property = fc.property(anyPart(), fc.array(fc.nat(400), { maxLength: 30 }), ({ content }, cuts) => {
      assert.equal(rewritten(content, cuts), linesOf({ content }));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("keeps a CR that is no line end, and every CR where the first line ends with LF alone", () => {
    const each = Array.from({ length: 20 }, (_, i) => i);
    assert.equal(rewritten("a\r\nb\rc\r\r\nd\r", each), "a\nb\rc\r\nd\n");
    assert.equal(rewritten("a\nb\r\nc", each), "a\nb\r\nc\n");
  });

  it("does not wait for ever for the end of a first line", () => {
    const rewriter = makeRewriter(COLUMNS);
    const long = Buffer.alloc(70_000, "x");
    assert.deepEqual(rewriter.push(long), [long]);
  });
});
