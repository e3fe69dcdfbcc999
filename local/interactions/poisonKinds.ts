import type { ProducedRecord } from "./records";

/** Bytes of an event: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const MAX_EVENT_BYTES = 10 * 1024;
const MAX_PROPERTIES_CHARACTERS = 1024;
const MAX_ID_CHARACTERS = 256;
const MAX_IMPRESSION = 25;
const EVENTS_A_CALL = 10;

/** What a good record tells of itself. */
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

/** How a kind of poison is made, and what must become of it. */
export interface PoisonKind extends Pick<ProducedRecord, "events" | "deadLetter"> {
  make: (template: Template) => Buffer;
  /** How often the same record is sent. @default 1 */
  times?: number;
}

/** Earliest time of a template, in epoch seconds: a poison record's events lie up to this many seconds before it. */
export const EARLIEST_SECONDS = 60;

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
  mixed: {
    make: (template) => withEvents(template, {}, { eventType: "" }, {}),
    events: 2,
    deadLetter: { reason: "badEventType", events: [1] },
  },
  repeated: { make: json, events: 1, times: 2 },
  tooMany: {
    make: (template) => withEvents(template, ...Array.from({ length: EVENTS_A_CALL + 1 }, () => ({}))),
    events: EVENTS_A_CALL + 1,
  },
  anonymous: { make: ({ user_id: _user, ...rest }) => json(rest), events: 1 },
};

/** A kind that Personalize must get nothing of. */
function refused(reason: string, make: PoisonKind["make"]): PoisonKind {
  return { make, events: 0, deadLetter: { reason } };
}

/** Events a second apart, each with its changes. */
function withEvents({ event_list: [event], ...rest }: Template, ...changes: object[]): Buffer {
  return json({ ...rest, event_list: changes.map((change, n) => ({ ...event, sentAt: event.sentAt - n, ...change })) });
}

/** As many ids as an impression may have, each no longer than it may be, and together too much for an event. */
function largeImpression(): string[] {
  const characters = Math.ceil(MAX_EVENT_BYTES / MAX_IMPRESSION / Buffer.byteLength("é"));
  return Array.from({ length: MAX_IMPRESSION }, () => "é".repeat(characters));
}

/** A JSON object of one character too many. */
function longProperties(): string {
  const frame = JSON.stringify({ note: "" });
  return JSON.stringify({ note: "x".repeat(MAX_PROPERTIES_CHARACTERS + 1 - frame.length) });
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
