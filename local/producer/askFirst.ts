import type { Turn } from "../interactions/production";
import type { Recommendation } from "../interactions/recommendation";
import type { ProducedRecord } from "../interactions/records";
import type { Session } from "../interactions/sessions";

/** Sessions that ask before it is their turn, all at the same time. */
const AT_ONCE = 16;
/** Turns among which such sessions are looked for. */
const AHEAD = 500;

/**
 * Lets each session ask before its first record. The next sessions ask meanwhile, but a user's next one only after the one before;
 * the records come in the order of the turns.
 *
 * @param ask gives what a session is shown; undefined: nothing
 */
export async function* askFirst(
  turns: Iterable<Turn>,
  ask: (session: Session) => Promise<Recommendation | undefined>,
): AsyncGenerator<ProducedRecord, undefined> {
  const source = turns[Symbol.iterator]();
  const ahead: Turn[] = [];
  const answers = new Map<string, Promise<Recommendation | undefined>>();
  const lastOf = new Map<string, Promise<unknown>>();
  let early = 0;
  const begin = (session: Session): void => {
    early += 1;
    const before = lastOf.get(session.userId) ?? Promise.resolve();
    const answer = before.then(() => ask(session));
    answer.catch(() => undefined);
    answers.set(session.id, answer);
    lastOf.set(session.userId, answer);
  };
  const lookAhead = (): void => {
    while (early < AT_ONCE && ahead.length < AHEAD) {
      const next = source.next();
      if (next.done) return;
      if (next.value.opens) begin(next.value.session);
      ahead.push(next.value);
    }
  };
  for (lookAhead(); ahead.length > 0; lookAhead()) {
    const [turn] = ahead.splice(0, 1);
    if (turn.opens) early -= 1;
    yield* turn.records(await answers.get(turn.session.id));
  }
}
