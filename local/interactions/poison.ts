import type { ProducedRecord } from "./records";
import { seededRandom, wholeNumber } from "./random";

const LONG_ID = "x".repeat(257);

interface Event {
  eventType: string;
  sentAt: number;
  itemId?: string;
}

interface Template {
  user_id: string;
  session_id: string;
  event_list: Event[];
}

/** How each kind is made from a record of its own session, and how many of its events Personalize must accept. */
const KINDS: Record<string, { make(template: Template): Buffer; events: number }> = {
  badJson: { make: (template) => json(template).subarray(0, -1), events: 0 },
  badUtf8: { make: (template) => Buffer.concat([json(template), Buffer.from([0x22, 0xff, 0xfe])]), events: 0 },
  missingSession: { make: ({ session_id: _session, ...rest }) => json(rest), events: 0 },
  sessionNull: { make: (template) => json({ ...template, session_id: "null" }), events: 0 },
  missingEventList: { make: ({ event_list: _events, ...rest }) => json(rest), events: 0 },
  emptyEventList: { make: (template) => json({ ...template, event_list: [] }), events: 0 },
  longItemId: { make: (template) => json({ ...template, event_list: [{ ...template.event_list[0], itemId: LONG_ID }] }), events: 0 },
  elevenEvents: {
    make: (template) => {
      const [first] = template.event_list;
      return json({ ...template, event_list: Array.from({ length: 11 }, (_, n) => ({ ...first, sentAt: first.sentAt + n })) });
    },
    events: 11,
  },
};

/** Kinds of poison, in the order in which they take turns. */
export const POISON_KINDS: readonly string[] = Object.keys(KINDS);

/**
 * Adds odd records between the given ones, all kinds in turn. Each is of a user and session of its own, so that it spoils no
 * other record; `elevenEvents` is valid, all others belong to the dead letters.
 *
 * @param share odd records for each good one, from 0 to 1
 * @param seed decides which kind comes first
 */
export function* addPoison(records: Iterable<ProducedRecord>, share: number, seed: number): Generator<ProducedRecord> {
  const first = wholeNumber(seededRandom(seed), 0, POISON_KINDS.length - 1);
  let good = 0;
  let odd = 0;
  for (const record of records) {
    yield record;
    good += 1;
    if (Math.floor(good * share) === odd) continue;
    yield poisonRecord(POISON_KINDS[(first + odd) % POISON_KINDS.length], odd, record);
    odd += 1;
  }
}

function poisonRecord(kind: string, number: number, { data }: ProducedRecord): ProducedRecord {
  const template = JSON.parse(data.toString()) as Template;
  const own = { ...template, user_id: `poison-${number}`, session_id: `poison-session-${number}` };
  return { partitionKey: own.session_id, data: KINDS[kind].make(own), events: KINDS[kind].events, poison: kind };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
