import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { prepareRun } from "../../../../components/pipeline/steps/prepare";
import { STARTED, walk, type Walked } from "../../../support/walk";

const PREPARE = prepareRun();
const MACHINE = { StartAt: PREPARE.first, States: { ...PREPARE.states("Next"), Next: { Type: "Succeed" } } } as const;
const prepare = (input: unknown, executionName?: string): Promise<Walked> => walk(MACHINE, { input, executionName });

const TODAY = new Date(STARTED).toISOString().slice(0, 10);
const YESTERDAY = "2026-01-31";
/** Hexadecimal digits of SHA-256 of `nightly`, as any tool gives them. */
const HASH_OF_NIGHTLY = "2a3b62b53ddb";
const BAD_DAY = "runDate must be a day such as 2026-01-31, got";

describe("the input of a run", () => {
  const wrong: [input: unknown, problem: string][] = [
    [{ runDate: "2026-02-30" }, `${BAD_DAY} 2026-02-30`],
    [{ runDate: "31.1.2026" }, `${BAD_DAY} 31.1.2026`],
    [{ runDate: 20260131 }, `${BAD_DAY} 20260131`],
    [{ runDate: null }, `${BAD_DAY} null`],
    [{ runDate: ["2026-01-31"] }, `${BAD_DAY} ["2026-01-31"]`],
    [{ runDate: "2026-02-02" }, `runDate must not be later than the day of the start, ${TODAY}, got 2026-02-02`],
    [{ runKey: "" }, "runKey must be a string of 1 to 256 characters, got "],
    [{ runKey: "x".repeat(257) }, `runKey must be a string of 1 to 256 characters, got ${"x".repeat(257)}`],
    [{ runKey: 7 }, "runKey must be a string of 1 to 256 characters, got 7"],
    [{ rebuild: "yes" }, "rebuild must be true or false, got yes"],
    [{ acceptShrink: 1 }, "acceptShrink must be true or false, got 1"],
    [{ acceptShrink: true, acceptBadRows: null }, "acceptBadRows must be true or false, got null"],
    [{ rundate: "2026-01-31" }, "input accepts only the keys runDate, runKey, rebuild, acceptShrink, acceptBadRows, got rundate"],
    [["2026-01-31"], 'input must be an object, got ["2026-01-31"]'],
    ["2026-01-31", "input must be an object, got 2026-01-31"],
  ];
  for (const [input, problem] of wrong) {
    it(`must not be ${JSON.stringify(input).slice(0, 40)}`, async () => {
      const { states, error, cause } = await prepare(input);
      assert.deepEqual([error, cause], ["BadInput", `${problem} - Start the pipeline again with an input that follows this rule.`]);
      assert.deepEqual(states, ["Prepare", "CheckInput", "BadInput"]);
    });
  }

  it("sets run key, run date and rebuild", async () => {
    const { states, variables } = await prepare({ runKey: "nightly", runDate: TODAY, rebuild: true });
    assert.deepEqual(states, ["Prepare", "CheckInput", "ReadInput", "NameRun", "Next"]);
    const { runKey, runHash, runDate, rebuild } = variables;
    assert.deepEqual({ runKey, runHash, runDate, rebuild }, { runKey: "nightly", runHash: HASH_OF_NIGHTLY, runDate: TODAY, rebuild: true });
  });

  it("accepts a smaller CSV or many bad rows only if it says so", async () => {
    for (const [input, expected] of [
      ...[[{}, [false, false]] as const, [{ acceptShrink: true }, [true, false]] as const],
      ...[[{ acceptBadRows: true, acceptShrink: false }, [false, true]] as const],
    ]) {
      const { acceptShrink, acceptBadRows } = (await prepare(input)).variables;
      assert.deepEqual([acceptShrink, acceptBadRows], expected);
    }
  });

  it("may be empty: the run key is the execution's name, the run date the day before the start", async () => {
    const { runKey, runHash, runDate, rebuild } = (await prepare({}, "nightly")).variables;
    assert.deepEqual(
      { runKey, runHash, runDate, rebuild },
      { runKey: "nightly", runHash: HASH_OF_NIGHTLY, runDate: YESTERDAY, rebuild: false },
    );
  });

  const keys: [runKey: string, runDate: string][] = [
    ["2026-03-01T02:15:00Z", "2026-02-28"],
    ["2024-03-01T00:00:00Z", "2024-02-29"],
    ["2026-01-01T23:59:59Z", "2025-12-31"],
    ["2026-02-30T02:15:00Z", YESTERDAY],
    ["2026-03-01T24:00:00Z", YESTERDAY],
    ["2026-03-01T02:15Z", YESTERDAY],
    ["2026-03-01", YESTERDAY],
  ];
  for (const [runKey, expected] of keys) {
    it(`with the run key ${runKey} is for ${expected}`, async () => assert.equal((await prepare({ runKey })).variables.runDate, expected));
  }

  it("has a run date that wins over the scheduled time", async () => {
    assert.equal((await prepare({ runKey: "2026-03-01T02:15:00Z", runDate: "2024-02-29" })).variables.runDate, "2024-02-29");
  });
});

/** Whether a text is a day, by the calendar of JavaScript, which takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCFullYear() === Number(year) && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

describe("the run date", () => {
  const isTaken = async (runDate: string) => {
    const { cause = "" } = await prepare({ runDate });
    if (!cause.startsWith(BAD_DAY)) return true;
    assert.equal(cause.split(" - Start")[0], `${BAD_DAY} ${runDate}`);
    return false;
  };

  it("may be the last day of any month, and no day after it", async () => {
    for (const year of ["0000", "0400", "1900", "2000", "2023", "2024", "2025", "2026", "2100"]) {
      for (let month = 0; month <= 13; month += 1) {
        for (const day of ["00", "01", "28", "29", "30", "31", "32"]) {
          const text = `${year}-${String(month).padStart(2, "0")}-${day}`;
          assert.equal(await isTaken(text), isDay(text), text);
        }
      }
    }
    assert.deepEqual(await Promise.all(["1900-02-29", "2000-02-29", "2024-02-29", "2100-02-29"].map(isTaken)), [false, true, true, false]);
  });

  it("is a day of the calendar, whatever text is given", async () => {
    const digits = (length: number) => fc.stringMatching(new RegExp(`^\\d{${length}}$`));
    const separator = fc.constantFrom("-", "-", "-", "/", ".", " ", "");
    const parts = fc.tuple(digits(4), separator, digits(2), separator, digits(2), fc.constantFrom("", "", "", "0", "T00:00:00Z", " "));
    const near = parts.map((all) => all.join(""));
    const days = fc.date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    const real = days.map((date) => date.toISOString().slice(0, 10));
    await fc.assert(
      fc.asyncProperty(fc.oneof(near, real, fc.string()), async (text) => {
        assert.equal(await isTaken(text), isDay(text));
      }),
      { numRuns: 500 },
    );
  });
});
