import * as assert from "node:assert/strict";
import { makeBlocks, makeParts } from "../../bench/exportParts";
import { gzGoals, type GzCell } from "../../bench/exportGzReport";
import { runInflate } from "../../bench/inflate";

describe("the report of the export of gzip parts", () => {
  const cell = (way: GzCell["way"], seconds: number, cpuSeconds: number, peakMiB?: number): GzCell => ({
    way,
    bytes: 1e9,
    runs: [{ seconds, cpuSeconds, peakMiB }],
  });
  const bare = [cell("inflate, 1 stream", 3, 3), cell("inflate, 2 streams", 2, 2.4)];

  it("tells what of the goals is met, and what TLS makes of it", () => {
    assert.deepEqual(gzGoals([...bare, cell("export", 4, 4, 150), cell("export over TLS", 6, 6, 170), cell("baseline", 30, 60, 90)]), [
      "not met: 1.00 GB, at least 0.8 of the bare inflate's MB per CPU second with as many streams (0.60; with one 0.75)",
      "1.00 GB, over TLS, as with S3 itself: 0.40 of the bare inflate's MB per CPU second",
      "met: 1.00 GB, peak memory below 200 MiB (150)",
      "met: 1.00 GB, at least 5 times as fast as the baseline (7.5; 15.0 times less CPU)",
    ]);
    assert.deepEqual(gzGoals([...bare, cell("export", 4, 2.5, 200), cell("baseline", 16, 60, 90)]), [
      "met: 1.00 GB, at least 0.8 of the bare inflate's MB per CPU second with as many streams (0.96; with one 1.20)",
      "not met: 1.00 GB, peak memory below 200 MiB (200)",
      "not met: 1.00 GB, at least 5 times as fast as the baseline (4.0; 24.0 times less CPU)",
    ]);
  });
});

describe("what the export of gzip parts is measured against", () => {
  it("inflates every byte", async () => {
    const parts = makeParts(makeBlocks(1, 2), 3, 5e6);
    const { seconds, cpuSeconds } = await runInflate(parts, 2);
    assert.ok(seconds > 0 && cpuSeconds > 0);
    await assert.rejects(runInflate({ ...parts, bytes: parts.bytes + 1 }, 2), {
      message: `the parts inflate to ${parts.bytes} of ${parts.bytes + 1} bytes`,
    });
  });
});
