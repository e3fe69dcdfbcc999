import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateInteractions } from "../../../local/interactions/generator";
import { Sql } from "../../../packages/local-aws/src/personalize/interactions";
import { train } from "../../../packages/local-aws/src/personalize/recipes";

const END = Date.UTC(2026, 0, 31) / 1000;

describe("generated interactions", () => {
  const rows = generateInteractions(1)
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  const countBy = (column: number): number[] => {
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(row[column], (counts.get(row[column]) ?? 0) + 1);
    return [...counts.values()].sort((a, b) => b - a);
  };
  const shareOfTop = (column: number, tenth: number): number => {
    const counts = countBy(column);
    return counts.slice(0, Math.floor(counts.length * tenth)).reduce((sum, count) => sum + count, 0) / rows.length;
  };

  it("depend on the seed alone", () => {
    assert.equal(generateInteractions(7, 500), generateInteractions(7, 500));
    assert.notEqual(generateInteractions(7, 500), generateInteractions(8, 500));
    assert.notEqual(generateInteractions(1, 500), generateInteractions(1 + 2 ** 32, 500));
  });

  it("are as many as asked, sorted by time, within 30 days", () => {
    assert.equal(rows.length, 20_000);
    const times = rows.map(([, , time]) => Number(time));
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.ok(times[0] >= END - 30 * 86_400 && times[times.length - 1] < END + 86_400);
  });

  it("have popular items, active users, and both event types", () => {
    assert.ok(shareOfTop(1, 0.1) > 0.3, `a tenth of the items has ${shareOfTop(1, 0.1)}`);
    assert.ok(shareOfTop(0, 0.1) > 0.2, `a tenth of the users has ${shareOfTop(0, 0.1)}`);
    assert.ok(countBy(0).filter((count) => count >= 2).length >= 500);
    const [clicks, watches] = countBy(3);
    assert.ok(clicks + watches === 20_000 && watches > 4000);
  });

  it("have users with a taste: the half of a user's items is of few genres", () => {
    const byUser = new Map<string, number[]>();
    for (const [user, item] of rows) byUser.set(user, [...(byUser.get(user) ?? []), (Number(item.slice(1)) - 1) % 30]);
    const [genres] = [...byUser.values()].sort((a, b) => b.length - a.length);
    const counts = Array.from({ length: 30 }, (_, genre) => genres.filter((one) => one === genre).length).sort((a, b) => b - a);
    assert.ok(counts[0] + counts[1] > genres.length / 2, `${counts.join(" ")} of ${genres.length}`);
  });

  it("can be learned: what is made for each user beats popularity by at least a tenth, over the history of npm start and over all rows", async () => {
    const folder = mkdtempSync(join(tmpdir(), "c360-generator-"));
    const [file, metric] = [join(folder, "rows.csv"), "normalized_discounted_cumulative_gain_at_25"];
    const measure = (recipe: string) =>
      Sql.use(join(folder, recipe), new AbortController().signal, async (sql) => {
        await sql.run(`CREATE TABLE interactions AS SELECT * FROM read_csv('${file}', header = false, types = {'timestamp': 'BIGINT'},
          names = ['user_id', 'item_id', 'timestamp', 'event_type'])`);
        return (await train(sql, `arn:aws:personalize:::recipe/${recipe}`)).metrics[metric];
      });
    try {
      for (const share of [0.8, 1]) {
        writeFileSync(file, rows.slice(0, rows.length * share).join("\n"));
        const [personal, popular] = [await measure("aws-user-personalization-v2"), await measure("aws-popularity-count")];
        assert.ok(personal >= 1.1 * popular, `${personal} and ${popular}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
