import { EARLIEST_SECONDS, POISON, type Event, type Template } from "./poisonKinds";
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
 * Spreads poison evenly between good records, which stay as they are; all kinds take turns. Each poison record is of a user and
 * session of its own, so that it spoils no other.
 *
 * @returns gives the poison that follows the next good record, which is told by its first event
 */
export function spreadPoison({ records, share, seed }: PoisonOptions): (event: Event) => ProducedRecord[] {
  const turns = share === 0 ? 0 : Math.max(KINDS.length, Math.round(records * share));
  const first = wholeNumber(seededRandom(seed), 0, KINDS.length - 1);
  let sent = 0;
  let turn = 0;
  return (event) => {
    const poison: ProducedRecord[] = [];
    sent += 1;
    for (; turn < Math.floor((sent * turns) / records); turn += 1) {
      poison.push(...poisonRecords(KINDS[(first + turn) % KINDS.length], turn, event));
    }
    return poison;
  };
}

function poisonRecords(kind: string, turn: number, event: Event): ProducedRecord[] {
  const { make, events, deadLetter, times = 1 } = POISON[kind];
  const template: Template = {
    user_id: `poison-${turn}`,
    session_id: `poison-session-${turn}`,
    event_list: [{ ...event, sentAt: Math.max(event.sentAt, EARLIEST_SECONDS) }],
  };
  const record = { partitionKey: template.session_id, data: make(template), events, poison: kind, deadLetter };
  return Array.from({ length: times }, () => record);
}
