/** `produced.poison` of a run in which each kind occurs once. */
export const POISON_ONCE = {
  aggregate: 1,
  anonymous: 1,
  badJson: 1,
  badLine: 1,
  badSentAt: 1,
  badUserRecord: 1,
  badUtf8: 1,
  brokenAggregate: 1,
  empty: 1,
  hugeNumberId: 1,
  itemInProperties: 1,
  lineBreak: 1,
  emptyId: 1,
  longId: 1,
  longProperties: 1,
  misspeltItem: 1,
  misspeltUser: 1,
  mixed: 1,
  noEvents: 1,
  noSession: 1,
  noValueId: 1,
  notObject: 1,
  oversizeEvent: 1,
  repeated: 2,
  reservedProperty: 1,
  sessionNull: 1,
  tooMany: 1,
  twoLines: 1,
};

/** `deadLetters.byReason` of such a run. */
export const REASONS_ONCE = {
  badAggregate: 1,
  badEventList: 1,
  badEventType: 1,
  badItemId: 2,
  badJson: 4,
  badProperties: 2,
  badSentAt: 1,
  badSessionId: 2,
  badUserId: 2,
  badUtf8: 1,
  eventTooLarge: 1,
  lineBreakInJson: 1,
  misspeltMember: 2,
  notAnObject: 1,
};

/** Rows in the lake of such a run, and the interactions among them. */
export const POISON_ROWS = 55;
export const POISON_INTERACTIONS = 21;
const OF_WHOLE_RECORDS = ["badAggregate", "lineBreakInJson"];
const reasonsInLake = Object.fromEntries(Object.entries(REASONS_ONCE).filter(([reason]) => !OF_WHOLE_RECORDS.includes(reason)));
/**
 * `runs[0].export.leftOut` of such a run: an empty record is not a line, a repeated one is a duplicate. A broken aggregate lies in the
 * lake as two lines, an object with line breaks as eleven.
 */
export const LEFT_OUT_ONCE = { ...reasonsInLake, badJson: 3 + 1 + 11, badUtf8: 2, anonymous: 1, duplicate: 1 };
