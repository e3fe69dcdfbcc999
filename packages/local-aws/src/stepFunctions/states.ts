import type { State } from "./definition";
import { StateFailure } from "./failure";
import type { Step, Visit } from "./run";

/** Pass state: continues with its output. */
export async function pass(state: State, visit: Visit): Promise<Step> {
  return { ...(await visit.leave(state, visit.input)), next: state.Next };
}

/** Choice state: the first matching rule wins, else Default with the state's own fields. */
export async function choose(state: State, visit: Visit): Promise<Step> {
  for (const [i, rule] of (state.Choices ?? []).entries()) {
    const location = `Choices[${i}]`;
    const holds = await visit.evaluate(rule.Condition, `${location}/Condition`);
    if (typeof holds !== "boolean") throw visit.broken(`${location}/Condition`, "a boolean", holds);
    if (holds) return { ...(await visit.leave(rule, visit.input, {}, `${location}/`)), next: rule.Next };
  }
  if (state.Default === undefined) {
    throw new StateFailure("States.NoChoiceMatched", `No rule of the state ${visit.name} matched, and it has no Default`);
  }
  return { ...(await visit.leave(state, visit.input)), next: state.Default };
}

/** Wait state, on the cloud's clock. */
export async function wait(state: State, visit: Visit): Promise<Step> {
  const { clock } = visit.run.cloud;
  const ms =
    state.Seconds === undefined ? (await until(state, visit)) - clock.now() : (await seconds(state.Seconds, "Seconds", visit)) * 1000;
  if (ms > 0) await clock.sleep(ms, visit.run.signal);
  return { ...(await visit.leave(state, visit.input)), next: state.Next };
}

/** A field with a whole number of seconds, or an expression that evaluates to one. */
export async function seconds(template: number | string, field: string, visit: Visit): Promise<number> {
  const value = await visit.evaluate(template, field);
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 99_999_999) return Number(value);
  throw visit.broken(field, "a whole number from 0 to 99999999", value);
}

async function until({ Timestamp }: State, visit: Visit): Promise<number> {
  const value = await visit.evaluate(Timestamp, "Timestamp");
  const isTime = typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value);
  const time = isTime ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw visit.broken("Timestamp", "a time such as 2026-01-31T02:15:00Z", value);
  return time;
}
