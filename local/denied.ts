import type { Store } from "@c360/local-aws";
import { problem, type Problem } from "./report";

/** An entry of the cloud's decision log. */
interface Decision {
  principal: string;
  action: string;
  resource: string;
  decision: "allow" | "deny";
  reason: string;
}

/**
 * Names the permissions that were missed, the most frequent first: a likely cause when a run does not come out.
 *
 * @param state the cloud's state, with its log `decisions`
 * @returns nothing when all was allowed
 */
export async function deniedPermissions(state: Pick<Store, "replay">): Promise<Problem[]> {
  const denied = new Map<string, number>();
  let total = 0;
  for await (const entry of state.replay("decisions") as AsyncIterable<unknown> as AsyncIterable<Decision>) {
    if (entry.decision === "allow") continue;
    const what = `${entry.principal} may not ${entry.action} on ${entry.resource}: ${entry.reason}`;
    denied.set(what, (denied.get(what) ?? 0) + 1);
    total += 1;
  }
  const examples = [...denied].sort(([, a], [, b]) => b - a).map(([what, count]) => `${what} (${count} times)`);
  return total === 0 ? [] : [problem("permissions.denied", 0, total, examples)];
}
