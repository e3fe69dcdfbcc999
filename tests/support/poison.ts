/** `produced.poison` of a run in which each kind occurs once. */
export const POISON_ONCE = {
  anonymous: 1,
  badJson: 1,
  badSentAt: 1,
  badUtf8: 1,
  empty: 1,
  hugeNumberId: 1,
  itemInProperties: 1,
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
};

/** `deadLetters.byReason` of such a run. */
export const REASONS_ONCE = {
  badEventList: 1,
  badEventType: 1,
  badItemId: 2,
  badJson: 2,
  badProperties: 2,
  badSentAt: 1,
  badSessionId: 2,
  badUserId: 2,
  badUtf8: 1,
  eventTooLarge: 1,
  misspeltMember: 2,
  notAnObject: 1,
};

/** `runs[0].export.leftOut` of such a run: an empty record is not a line, a repeated one is a duplicate. */
export const LEFT_OUT_ONCE = { ...REASONS_ONCE, badJson: 1, anonymous: 1, duplicate: 1 };
