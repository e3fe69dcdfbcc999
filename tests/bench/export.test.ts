import * as assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { exportOptions } from "../../bench/export";
import { makeBlocks, makeParts } from "../../bench/exportParts";
import { goals, ratios, type ExportCell } from "../../bench/exportReport";
import { UsageError } from "../../cli/shared/command";

describe("the flags of the export's benchmark", () => {
  it("are sizes in GB, put in order, and repetitions", () => {
    assert.deepEqual(exportOptions([]), { sizes: [0.1e9, 1e9, 4e9], repetitions: 1, gz: false });
    assert.deepEqual(exportOptions(["--sizes", "2,0.5", "--repetitions", "3"]), { sizes: [0.5e9, 2e9], repetitions: 3, gz: false });
    assert.deepEqual(exportOptions(["--gz"]), { sizes: [0.1e9, 1e9], repetitions: 1, gz: true });
  });

  it("are refused by name, rule and value", () => {
    for (const [args, message] of [
      [["--sizes", "1,x"], '--sizes must be gigabytes above 0 and up to 40, joined by commas, got "1,x"'],
      [["--sizes", "0"], '--sizes must be gigabytes above 0 and up to 40, joined by commas, got "0"'],
      [["--repetitions", "0.5"], '--repetitions must be a whole number above 0, got "0.5"'],
      [["--size", "1"], /--size/],
    ] as const) {
      assert.throws(
        () => exportOptions([...args]),
        (error: unknown) => {
          assert.ok(error instanceof UsageError);
          if (typeof message === "string") assert.equal(error.message, message);
          else assert.match(error.message, message);
          return true;
        },
      );
    }
  });
});

describe("the parts of the export's benchmark", () => {
  const blocks = makeBlocks(1, 3);

  it("hold the same rows plain and as gzip, the same ones every time", () => {
    for (const { plain, gz } of blocks) {
      assert.ok(gunzipSync(gz).equals(plain));
      assert.equal(plain.toString().split("\n").length, 25_001);
      assert.match(plain.toString(), /^(user-\d+,item-\d+,1[67]\d{8},watch\n)+$/);
    }
    assert.ok(makeBlocks(1, 3)[2].plain.equals(blocks[2].plain));
    assert.ok(!makeBlocks(2, 3)[2].plain.equals(blocks[2].plain));
  });

  it("are as many and as large as asked for", () => {
    const { parts, rows, bytes } = makeParts(blocks, 8, 100e6);
    assert.equal(parts.length, 8);
    const all = parts.flat();
    assert.equal(rows, all.length * 25_000);
    assert.equal(
      bytes,
      all.reduce((sum, { plain }) => sum + plain.length, 0),
    );
    assert.ok(bytes >= 100e6 && bytes < 102e6);
    const counts = parts.map(({ length }) => length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
  });
});

describe("the report of the export's benchmark", () => {
  const cell = (way: ExportCell["way"], bytes: number, figures: Partial<ExportCell["runs"][number]> = {}): ExportCell => ({
    way,
    bytes,
    runs: [{ seconds: 2, cpuSeconds: 1, peakMiB: 90, down: 5e6, up: 5e6, ...figures }],
  });

  it("says whether few bytes pass and memory stays flat, by the large exports of plain parts alone", () => {
    const small = cell("plain parts", 0.1e9);
    assert.deepEqual(goals([small, cell("plain parts", 1e9), cell("gz parts", 1e9, { up: 1e9, peakMiB: 300 })]), [
      "met: at most 0.6 % of the bytes down at 1 GB and above (worst 0.500 %)",
      "met: at most 0.6 % of the bytes up at 1 GB and above (worst 0.500 %)",
      "met: peak memory flat (90, 90 MiB)",
    ]);
    assert.deepEqual(goals([small, cell("plain parts", 1e9, { up: 7e6 }), cell("plain parts", 4e9, { peakMiB: 120 })]), [
      "met: at most 0.6 % of the bytes down at 1 GB and above (worst 0.500 %)",
      "not met: at most 0.6 % of the bytes up at 1 GB and above (worst 0.700 %)",
      "not met: peak memory flat (90, 90, 120 MiB)",
    ]);
    assert.match(goals([small])[0], /^not measured: /);
  });

  it("compares each way with the baseline of its size", () => {
    const cells = [
      cell("plain parts", 0.1e9),
      cell("baseline, gz parts", 0.1e9, { seconds: 30, cpuSeconds: 25 }),
      cell("plain parts", 4e9),
    ];
    assert.deepEqual(ratios(cells), ["0.10 GB, plain parts: 15.0 times as fast as the baseline, 25.0 times less CPU"]);
  });
});
