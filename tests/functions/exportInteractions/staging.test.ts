import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Part } from "../../../functions/exportInteractions/parts";
import { groupParts, isGroup, type PartGroup, type Staging, stageGroups } from "../../../functions/exportInteractions/staging";
import { COLUMNS } from "../../support/exportParts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const OPTIONS = { header: COLUMNS, columns: COLUMNS.split(",") };

const part = (name: string, size: number, rewritten = true, etag = '"e"'): Part => ({
  ...{ uri: `s3://b/${name}`, bucket: "b", key: name, etag, compressed: rewritten },
  ...{ size, start: 0, rewritten, closed: true },
});

describe("groupParts", () => {
  const groupsOf = (parts: Part[], options = OPTIONS): PartGroup[] => groupParts(parts, options).filter(isGroup);

  it("keeps every part in its place, and groups neighbors that are rewritten up to 16 MiB", () => {
    const some = fc.record({ size: fc.integer({ min: 0, max: 20 * MIB }), rewritten: fc.boolean() });
    const property = fc.property(fc.array(some, { maxLength: 20 }), (sizes) => {
      const parts = sizes.map(({ size, rewritten }, i) => part(`part-${i}`, size, rewritten));
      const grouped = groupParts(parts, OPTIONS);
      assert.deepEqual(
        grouped.flatMap((one) => (isGroup(one) ? one.parts : one)),
        parts,
      );
      for (const [i, one] of grouped.entries()) {
        if (!isGroup(one)) {
          assert.equal(one.rewritten, false);
          continue;
        }
        assert.ok(one.parts.every(({ rewritten }) => rewritten));
        const bytes = one.parts.reduce((sum, { size }) => sum + size, 0);
        assert.equal(one.bytes, bytes);
        assert.ok(one.parts.length === 1 || bytes <= 16 * MIB);
        const next = grouped[i + 1];
        if (next && isGroup(next)) assert.ok(bytes + next.parts[0].size > 16 * MIB);
      }
    });
    fc.assert(property);
  });

  it("names a group by its parts, their content, the header and the columns", () => {
    const [{ name }] = groupsOf([part("a", 1), part("b", 2)]);
    assert.match(name, /^[0-9a-f]{32}$/);
    assert.equal(groupsOf([part("a", 1), part("b", 2)])[0].name, name);
    const others = [
      groupsOf([part("b", 2), part("a", 1)]),
      groupsOf([part("a", 1)]),
      groupsOf([part("a", 1), part("b", 2, true, '"other"')]),
      groupsOf([part("a", 1), part("b", 2)], { ...OPTIONS, header: "user,item" }),
      groupsOf([part("a", 1), part("b", 2)], { ...OPTIONS, columns: ["USER_ID"] }),
    ];
    assert.equal(new Set([name, ...others.map(([group]) => group.name)]).size, 6);
  });
});

describe("stageGroups", () => {
  /** Staging whose time passes by 10 ms for each group. */
  class FakeStaging implements Pick<Staging, "find" | "stage" | "stop"> {
    readonly made: string[] = [];
    mostAtOnce = 0;
    private running = 0;
    private now = 0;

    constructor(
      private readonly limit: number,
      private readonly failure?: Error,
    ) {}

    async find() {
      return new Map([["found", part("found.csv", 1)]]);
    }
    async stage({ name }: PartGroup) {
      if (this.failure && this.made.length > 0) throw this.failure;
      this.running += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
      await new Promise(setImmediate);
      this.running -= 1;
      this.made.push(name);
      this.now += 10;
      return part(`${name}.csv`, 12);
    }
    stop() {}
    stageAll(...groups: PartGroup[]) {
      return stageGroups(groups, this, () => this.limit - this.now);
    }
  }
  const group = (name: string, bytes: number): PartGroup => ({ name, bytes, parts: [part(name, bytes)] });
  const names = ({ objects }: { objects: Map<string, Part> }) => [...objects.keys()].sort();

  it("stages two groups at a time, but none that is staged already", async () => {
    const staging = new FakeStaging(1000);
    const staged = await staging.stageAll(...["a", "found", "b", "c"].map((name) => group(name, 100)));
    assert.deepEqual(names(staged), ["a", "b", "c", "found"]);
    assert.deepEqual([staging.made.sort(), staging.mostAtOnce], [["a", "b", "c"], 2]);
    assert.deepEqual([staged.made, staged.bytes], [3, 36]);
  });

  it("stages a very large group alone, so that it has all of the time", async () => {
    const staging = new FakeStaging(1000);
    await staging.stageAll(group("a", 2 * GIB), group("b", 2 * GIB), group("c", 2 * GIB));
    assert.deepEqual([staging.made, staging.mostAtOnce], [["a", "b", "c"], 1]);
  });

  it("starts no group that might not be done in time, even at half the speed of those before it", async () => {
    const staging = new FakeStaging(45);
    const groups = [group("a", 2 * GIB), group("b", 2 * GIB), group("c", 4 * GIB), group("d", 2 * GIB), group("e", 2 * GIB)];
    assert.deepEqual(names(await staging.stageAll(...groups)), ["a", "b", "d"]);
  });

  it("returns what is staged when the time is over, and throws any other failure", async () => {
    const late = Object.assign(new Error("late"), { name: "OutOfTime" });
    const groups = [group("a", 2 * GIB), group("b", 2 * GIB)];
    assert.deepEqual(names(await new FakeStaging(1000, late).stageAll(...groups)), ["a"]);
    await assert.rejects(new FakeStaging(1000, new Error("other")).stageAll(...groups), /^Error: other$/);
  });
});
