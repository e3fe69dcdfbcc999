import * as assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { exportOptions } from "../../bench/export";
import { type ExportCell, goals } from "../../bench/exportReport";
import { makeBlocks, makeSample } from "../../bench/exportSample";
import { UsageError } from "../../cli/shared/command";

describe("the flags of the export's benchmark", () => {
  it("are sizes in GB, put in order, and repetitions", () => {
    assert.deepEqual(exportOptions([]), { sizes: [0.1e9, 1e9, 4e9], repetitions: 1, gz: false });
    assert.deepEqual(exportOptions(["--sizes", "2,0.5", "--repetitions", "3"]), { sizes: [0.5e9, 2e9], repetitions: 3, gz: false });
    assert.deepEqual(exportOptions(["--gz"]), { sizes: [0.1e9, 1e9, 4e9], repetitions: 1, gz: true });
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
    const { parts, rows, bytes } = makeSample(blocks, 8, 100e6);
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
  const cell = (kind: ExportCell["kind"], bytes: number, figures: Partial<ExportCell["runs"][number]> = {}): ExportCell => ({
    kind,
    bytes,
    runs: [{ seconds: 2, cpuSeconds: 1, peakMiB: 90, ...figures }],
  });
  const plain = (bytes: number, figures: Partial<ExportCell["runs"][number]> = {}) =>
    cell("plain parts", bytes, { down: 5e6, up: 5e6, ...figures });

  it("judges bytes of plain parts from 1 GB, and memory", () => {
    assert.deepEqual(goals([plain(0.1e9), plain(1e9)]), [
      "met: at most 0.6 % of the bytes down from 1 GB (worst 0.500 %)",
      "met: at most 0.6 % of the bytes up from 1 GB (worst 0.500 %)",
      "met: peak memory flat (90, 90 MiB)",
    ]);
    assert.deepEqual(goals([plain(0.1e9), plain(1e9, { up: 7e6 }), plain(4e9, { peakMiB: 120 })]), [
      "met: at most 0.6 % of the bytes down from 1 GB (worst 0.500 %)",
      "not met: at most 0.6 % of the bytes up from 1 GB (worst 0.700 %)",
      "not met: peak memory flat (90, 90, 120 MiB)",
    ]);
    assert.match(goals([plain(0.1e9)])[0], /^not measured: /);
  });

  it("judges CPU of gzip parts by the baseline's from 1 GB, and memory", () => {
    const [small, large, huge] = [0.1e9, 1e9, 4e9];
    assert.deepEqual(
      goals([
        cell("gz parts", small),
        cell("baseline, gz parts", small, { cpuSeconds: 4 }),
        cell("gz parts", large, { peakMiB: 170 }),
        cell("baseline, gz parts", large, { cpuSeconds: 8.5 }),
        cell("gz parts", huge, { peakMiB: 180 }),
      ]),
      [
        "met: at least 8 times less CPU than the baseline from 1 GB (4.0 at 0.10 GB, 8.5 at 1.00 GB)",
        "met: peak memory below 200 MB (worst 189 MB)",
        "met: peak memory flat (170, 180 MiB)",
      ],
    );
    assert.deepEqual(goals([cell("gz parts", large, { peakMiB: 191 }), cell("baseline, gz parts", large, { cpuSeconds: 7 })]), [
      "not met: at least 8 times less CPU than the baseline from 1 GB (7.0 at 1.00 GB)",
      "not met: peak memory below 200 MB (worst 200 MB)",
      "not measured: peak memory flat (191 MiB)",
    ]);
    assert.equal(goals([cell("gz parts", small)])[0], "not measured: at least 8 times less CPU than the baseline from 1 GB");
  });
});
