import { EARLIEST_SECONDS, POISON, type Template } from "./poisonKinds";
import { seededRandom, wholeNumber } from "./random";
import type { ProducedRecord } from "./records";

const KINDS = Object.keys(POISON);

/** How much poison is added to what. */
export interface PoisonOptions {
  /** Number of good records, above 0. */
  records: number;
  /** Poison for each good record, from 0 to 1; above 0, every kind comes at least once. */
  share: number;
  /** Decides which kind comes first. */
  seed: number;
}

/**
 * Adds poison evenly between good records, which stay as they are; all kinds take turns. Each poison record is of a user and
 * session of its own, so that it spoils no other.
 */
export function* addPoison(good: Iterable<ProducedRecord>, { records, share, seed }: PoisonOptions): Generator<ProducedRecord> {
  const turns = share === 0 ? 0 : Math.max(KINDS.length, Math.round(records * share));
  const first = wholeNumber(seededRandom(seed), 0, KINDS.length - 1);
  let sent = 0;
  let turn = 0;
  for (const record of good) {
    yield record;
    sent += 1;
    for (; turn < Math.floor((sent * turns) / records); turn += 1) yield* poisonRecords(KINDS[(first + turn) % KINDS.length], turn, record);
  }
}

function* poisonRecords(kind: string, turn: number, { data }: ProducedRecord): Generator<ProducedRecord> {
  const { make, events, deadLetter, times = 1 } = POISON[kind];
  const [event] = (JSON.parse(data.toString()) as Template).event_list;
  const template: Template = {
    user_id: `poison-${turn}`,
    session_id: `poison-session-${turn}`,
    event_list: [{ ...event, sentAt: Math.max(event.sentAt, EARLIEST_SECONDS) }],
  };
  const record = { partitionKey: template.session_id, data: make(template), events, poison: kind, deadLetter };
  for (let time = 0; time < times; time += 1) yield record;
}
