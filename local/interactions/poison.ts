import { aggregate } from "./aggregate";
import { seededRandom, wholeNumber } from "./random";
import type { ProducedRecord } from "./records";

/** Bytes of an event: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const MAX_EVENT_BYTES = 10 * 1024;
const MAX_PROPERTIES_CHARACTERS = 1024;
const MAX_ID_CHARACTERS = 256;
const MAX_IMPRESSION = 25;
const MAX_EVENTS_PER_CALL = 10;

/** Event of a good record. */
export interface Event {
  eventType: string;
  sentAt: number;
  itemId?: string;
}

/** A valid record of one event, with a user and a session of its own. */
export interface Template {
  user_id: string;
  session_id: string;
  event_list: readonly [Event];
}

/** How to make a kind of poison, and what must become of it. */
export interface PoisonKind extends Pick<ProducedRecord, "events" | "deadLetter"> {
  /** A record, or the user records of an aggregate. */
  make: (template: Template) => Buffer | readonly Buffer[];
  /** How often the same record is sent. @default 1 */
  times?: number;
}

/** Earliest time of a template, in epoch seconds: events of a poison record lie up to this many seconds before it. */
const EARLIEST_SECONDS = 60;

/** The kinds of poison, in the order in which they take turns. Each differs from a good record in one thing alone. */
export const POISON: Readonly<Record<string, PoisonKind>> = {
  badJson: refused("badJson", (template) => json(template).subarray(0, -1)),
  badUtf8: refused("badUtf8", (template) => {
    const data = json(template);
    data[data.indexOf(template.session_id)] = 0xff;
    return data;
  }),
  empty: refused("badJson", () => Buffer.alloc(0)),
  notObject: refused("notAnObject", (template) => json([template])),
  noSession: refused("badSessionId", ({ session_id: _session, ...rest }) => json(rest)),
  sessionNull: refused("badSessionId", (template) => json({ ...template, session_id: "null" })),
  noEvents: refused("badEventList", (template) => json({ ...template, event_list: [] })),
  badSentAt: refused("badSentAt", (template) => withEvents(template, { sentAt: "yesterday" })),
  emptyId: refused("badUserId", (template) => json({ ...template, user_id: "" })),
  longId: refused("badItemId", (template) => withEvents(template, { itemId: "x".repeat(MAX_ID_CHARACTERS + 1) })),
  oversizeEvent: refused("eventTooLarge", (template) => withEvents(template, { impression: largeImpression() })),
  longProperties: refused("badProperties", (template) => withEvents(template, { properties: longProperties() })),
  reservedProperty: refused("badProperties", (template) => withEvents(template, { properties: { timestamp: 1 } })),
  noValueId: refused("badItemId", (template) => withEvents(template, { itemId: "\\N" })),
  hugeNumberId: refused("badUserId", (template) => {
    const text = JSON.stringify({ ...template, user_id: 0 });
    return Buffer.from(text.replace('"user_id":0', '"user_id":1e309'));
  }),
  misspeltUser: refused("misspeltMember", ({ user_id: userId, ...rest }) => json({ ...rest, userId })),
  misspeltItem: refused("misspeltMember", (template) => {
    const [{ itemId }] = template.event_list;
    return withEvents(template, { itemId: undefined, item_id: itemId });
  }),
  itemInProperties: {
    make: (template) => {
      const [{ itemId }] = template.event_list;
      return withEvents(template, { itemId: undefined, properties: { itemId } });
    },
    events: 1,
  },
  mixed: {
    make: (template) => withEvents(template, {}, { eventType: "" }, {}),
    events: 2,
    deadLetter: { reason: "badEventType", events: [1] },
  },
  repeated: { make: json, events: 1, times: 2 },
  tooMany: {
    make: (template) => withEvents(template, ...Array.from({ length: MAX_EVENTS_PER_CALL + 1 }, () => ({}))),
    events: MAX_EVENTS_PER_CALL + 1,
  },
  anonymous: { make: ({ user_id: _user, ...rest }) => json(rest), events: 1 },
  lineBreak: refused("lineBreakInJson", (template) => Buffer.from(JSON.stringify(template, undefined, 2))),
  twoLines: { make: (template) => joined("\r\n", ...twoRecords(template)), events: 2 },
  badLine: {
    make: (template) => joined("\n", json(template), json(template).subarray(0, -1)),
    events: 1,
    deadLetter: { reason: "badJson", lines: [{ line: 1, reason: "badJson" }] },
  },
  aggregate: { make: twoRecords, events: 2 },
  badUserRecord: {
    make: (template) => [json(template), json(template).subarray(0, -1)],
    events: 1,
    deadLetter: { reason: "badJson", lines: [{ userRecord: 1, line: 0, reason: "badJson" }] },
  },
  brokenAggregate: refused("badAggregate", (template) => {
    const whole = aggregate(template.session_id, [json(template)]);
    return whole.subarray(0, whole.indexOf(template.session_id) + template.session_id.length);
  }),
};
const KINDS = Object.keys(POISON);

/** A kind of which Personalize must receive nothing. */
function refused(reason: string, make: PoisonKind["make"]): PoisonKind {
  return { make, events: 0, deadLetter: { reason } };
}

/** Two records of one event each, a second apart. */
function twoRecords(template: Template): Buffer[] {
  const [{ sentAt }] = template.event_list;
  return [json(template), withEvents(template, { sentAt: sentAt - 1 })];
}

function joined(end: string, ...lines: Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line, index) => [Buffer.from(index === 0 ? "" : end), line]));
}

/** Events a second apart, each with its changes. */
function withEvents({ event_list: [event], ...rest }: Template, ...changes: object[]): Buffer {
  return json({ ...rest, event_list: changes.map((change, n) => ({ ...event, sentAt: event.sentAt - n, ...change })) });
}

/** As many ids as an impression may have, each within its limit, and together too large for an event. */
function largeImpression(): string[] {
  const characters = Math.ceil(MAX_EVENT_BYTES / MAX_IMPRESSION / Buffer.byteLength("é"));
  return Array.from({ length: MAX_IMPRESSION }, () => "é".repeat(characters));
}

/** A JSON object that is one character too long. */
function longProperties(): string {
  const frame = JSON.stringify({ note: "" });
  return JSON.stringify({ note: "x".repeat(MAX_PROPERTIES_CHARACTERS + 1 - frame.length) });
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** How much poison to add to what. */
export interface PoisonOptions {
  /** Number of good records, above 0. */
  records: number;
  /** Poison records per good record, from 0 to 1; above 0 every kind comes at least once. */
  share: number;
  /** Decides which kind comes first. */
  seed: number;
}

/**
 * Spreads poison evenly between good records, which stay as they are. All kinds take turns. Each poison record has a user and a
 * session of its own, so that it spoils no other.
 *
 * @returns a function that takes the first event of the next good record and gives the poison that follows the record
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
  const made = make(template);
  const content = Buffer.isBuffer(made) ? { data: made } : { data: aggregate(template.session_id, made), userRecords: made };
  const record = { partitionKey: template.session_id, ...content, events, poison: kind, deadLetter };
  return Array.from({ length: times }, () => record);
}
