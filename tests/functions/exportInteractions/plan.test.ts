import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { shapeOf, type Shape } from "../../../functions/exportInteractions/parts";
import { plan, S3_LIMITS, type Limits, type Plan, type Step } from "../../../functions/exportInteractions/plan";
import { anyPart, COLUMNS, linesOf, stored, type StoredPart } from "../../support/exportParts";

const HEADER = `${COLUMNS}\n`;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const FIRST_BYTES = 64;
const limits: Limits = {
  leastBytes: 20,
  rangesAboveBytes: 24,
  copyBytes: 64,
  mostCopyBytes: 256,
  mostLeastBytes: 80,
  steps: 1000,
};

const probed = ({ bytes }: StoredPart): Shape => shapeOf(bytes.length, bytes.subarray(0, FIRST_BYTES), bytes.at(-1), COLUMNS);
const plain = (size: number, shape: Partial<Shape> = {}): Shape => ({ size, start: 0, rewritten: false, closed: true, ...shape });

function bytesOf(step: Step, parts: readonly StoredPart[]): Buffer {
  const range = (part: number, start: number, end: number) => parts[part].bytes.subarray(start, end);
  if (step.kind === "copy") return range(step.part, step.start, step.end);
  return Buffer.concat(step.pieces.map((piece) => ("text" in piece ? Buffer.from(piece.text) : range(piece.part, piece.start, piece.end))));
}

function sizesOf({ steps }: Plan): number[] {
  return steps.map((step) => (step.kind === "copy" ? step.end - step.start : step.bytes));
}

/** Bytes of parts that go through the function. */
function readBytes({ steps }: Plan): number {
  const pieces = steps.flatMap((step) => (step.kind === "copy" ? [] : step.pieces));
  return pieces.reduce((sum, piece) => sum + ("text" in piece ? 0 : piece.end - piece.start), 0);
}

describe("plan", () => {
  it("makes the very lines of any plain parts, in steps that S3 takes", () => {
    const some = { copied: 0, raised: 0 };
    const isPlain = (part: Parameters<typeof stored>[0]) => !stored(part).compressed && !probed(stored(part)).rewritten;
    const property = fc.property(
      fc.array(anyPart().filter(isPlain), { maxLength: 12 }),
      fc.constantFrom(4, 12, 1000),
      (contents, steps) => {
        const parts = contents.map(stored);
        const shapes = parts.map(probed);
        const bounds = { ...limits, steps };
        let made: Plan;
        try {
          made = plan(shapes, HEADER, bounds);
        } catch (error) {
          assert.equal((error as Error).name, "TooManySteps");
          return;
        }
        const pieces = made.steps.map((step) => bytesOf(step, parts));
        assert.equal(Buffer.concat(pieces).toString(), HEADER + contents.map(linesOf).join(""));
        assert.ok(made.steps.length <= steps);
        for (const [i, step] of made.steps.entries()) {
          if (i < made.steps.length - 1) assert.ok(pieces[i].length >= limits.leastBytes);
          if (step.kind === "upload") assert.equal(step.bytes, pieces[i].length);
          if (step.kind !== "copy") continue;
          some.copied += 1;
          assert.ok(parts[step.part].bytes.length > limits.rangesAboveBytes);
          assert.ok(pieces[i].length <= limits.mostCopyBytes && pieces[i].length >= limits.leastBytes);
        }
        assert.equal(made.bytes, Buffer.concat(pieces).length);
        if (made.steps.length < plan(shapes, HEADER, limits).steps.length) some.raised += 1;
      },
    );
    fc.assert(property, { numRuns: 300 });
    for (const [kind, count] of Object.entries(some)) assert.ok(count > 10, `${kind}: ${count}`);
  });

  it("reads of plain parts no more than the small ones and a least step after the header, a small part or an open end", () => {
    const shape = fc
      .record({ content: fc.integer({ min: 0, max: 300 }), start: fc.constantFrom(0, HEADER.length), closed: fc.boolean() })
      .map(({ content, start, closed }) => plain(content + start, { start, closed }));
    const property = fc.property(fc.array(shape, { maxLength: 30 }), (parts) => {
      const filled = parts.filter(({ size, start }) => size > start);
      const isSmall = ({ size, start }: Shape) => size - start < 2 * limits.leastBytes || size <= limits.rangesAboveBytes;
      const small = filled.filter(isSmall);
      const open = filled.filter((part) => !isSmall(part) && !part.closed);
      const bound = small.reduce((sum, { size, start }) => sum + size - start, 0) + limits.leastBytes * (1 + small.length + open.length);
      assert.ok(readBytes(plan(parts, HEADER, limits)) <= bound);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("reads 5 MiB of what UNLOAD writes, whatever its size", () => {
    for (const size of [12 * MIB, 500 * MIB, 40 * GIB]) {
      const made = plan(
        Array.from({ length: 8 }, () => plain(size)),
        HEADER,
      );
      assert.equal(readBytes(made), 5 * MIB - HEADER.length);
      assert.equal(made.bytes, 8 * size + HEADER.length);
    }
  });

  it("copies a part over 5 GiB in ranges, which grow when there would be too many", () => {
    const sizes = (size: number) => sizesOf(plan([plain(size)], HEADER)).slice(1);
    const six = sizes(6 * GIB);
    assert.equal(six.length, 48);
    assert.ok(six.every((bytes) => bytes <= 128 * MIB && bytes > 127 * MIB));
    const huge = sizes(40 * 1024 * GIB);
    assert.ok(huge.length < 10_000 && huge.every((bytes) => bytes <= 5 * GIB));
  });

  it("joins parts that are more than 10,000", () => {
    const small = plan(
      Array.from({ length: 12_000 }, () => plain(1000)),
      HEADER,
    );
    assert.deepEqual(sizesOf(small).length, 3);
    const large = plan(
      Array.from({ length: 12_000 }, () => plain(6 * MIB)),
      HEADER,
    );
    assert.ok(large.steps.length <= S3_LIMITS.steps);
    assert.ok(Math.max(...sizesOf(large)) < 20 * MIB);
    assert.equal(large.bytes, 12_000 * 6 * MIB + HEADER.length);
  });

  it("refuses what 10,000 steps cannot hold", () => {
    const tooLarge = () => plan([plain(60_000 * GIB)], HEADER);
    assert.throws(tooLarge, { name: "TooManySteps", message: "1 parts must be joined in at most 10000 steps, but take 12001" });
  });

  it("takes empty parts and parts with a header alone for nothing", () => {
    const made = plan([plain(0), plain(HEADER.length, { start: HEADER.length })], HEADER, limits);
    assert.deepEqual(made.steps, [{ kind: "upload", pieces: [{ text: HEADER }], bytes: HEADER.length }]);
  });
});
