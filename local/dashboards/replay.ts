import { GetRecommendationsCommand, type PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import type { Production, Turn } from "../interactions/production";
import { MAX_SHOWN, type ProducedRecord, type Recommendation, type Session, shownItems } from "../interactions/records";
import { produce, type ProduceOptions, type Sent } from "./producer";

/** Sessions that are open at the same time: a recommendation takes account of what earlier sessions did. */
const OPEN_SESSIONS = 64;

/** A campaign that recommends, and a client that may ask it. */
export interface Recommender {
  runtime: PersonalizeRuntimeClient;
  campaignArn: string;
}

/** What to replay, and where to. */
export interface ReplayOptions extends Omit<ProduceOptions, "records"> {
  production: Production;
  /** @default no recommendations are requested */
  recommender?: Recommender;
}

/**
 * Replays the live rows as dashboards do. With a campaign each session begins with recommendations: what it shows goes on the stream as
 * an impression, and an event that follows carries the recommendation's id.
 *
 * @throws what the stream or the campaign answers with; AbortError when the signal is aborted
 */
export function replay({ production, recommender, ...options }: ReplayOptions): Promise<Sent> {
  if (recommender === undefined) return produce({ ...options, records: production.records() });
  const records = requestAhead(production.turns(), ({ userId }) => recommend(recommender, userId, options.signal));
  return produce({ ...options, records, sessions: OPEN_SESSIONS });
}

async function recommend({ runtime, campaignArn }: Recommender, userId: string, signal: AbortSignal): Promise<Recommendation | undefined> {
  const command = new GetRecommendationsCommand({ campaignArn, userId, numResults: MAX_SHOWN });
  // The client adds a listener per pending request: a signal of its own keeps them off the shared one.
  const { itemList = [], recommendationId = "" } = await runtime.send(command, { abortSignal: AbortSignal.any([signal]) });
  return shownItems({ items: itemList.flatMap(({ itemId }) => itemId ?? []), recommendationId });
}

/** Requests that run ahead of the records. */
const MAX_REQUESTS = 16;
/** Turns among which sessions that begin soon are looked for. */
const AHEAD = 500;

/**
 * Requests recommendations for each session before its first record. Requests of the next sessions run meanwhile, but a user's next
 * one only after the previous one. The records come in the order of the turns.
 *
 * @param recommend gives what a session shows; undefined: nothing
 */
export async function* requestAhead(
  turns: Iterable<Turn>,
  recommend: (session: Session) => Promise<Recommendation | undefined>,
): AsyncGenerator<ProducedRecord, undefined> {
  const source = turns[Symbol.iterator]();
  const ahead: Turn[] = [];
  const answers = new Map<string, Promise<Recommendation | undefined>>();
  const lastOf = new Map<string, Promise<unknown>>();
  let requests = 0;
  const request = (session: Session): void => {
    requests += 1;
    const previous = lastOf.get(session.userId) ?? Promise.resolve();
    const answer = previous.then(() => recommend(session));
    answer.catch(() => undefined);
    answers.set(session.id, answer);
    lastOf.set(session.userId, answer);
  };
  const lookAhead = (): void => {
    while (requests < MAX_REQUESTS && ahead.length < AHEAD) {
      const next = source.next();
      if (next.done) return;
      if (next.value.opens) request(next.value.session);
      ahead.push(next.value);
    }
  };
  for (lookAhead(); ahead.length > 0; lookAhead()) {
    const [turn] = ahead.splice(0, 1);
    if (turn.opens) requests -= 1;
    yield* turn.records(await answers.get(turn.session.id));
  }
}
