/** `produced.poison` of a run in which each kind comes once. */
export const POISON_ONCE = {
  anonymous: 1,
  badJson: 1,
  badSentAt: 1,
  badUtf8: 1,
  empty: 1,
  emptyId: 1,
  longId: 1,
  longProperties: 1,
  mixed: 1,
  noEvents: 1,
  noSession: 1,
  notObject: 1,
  oversizeEvent: 1,
  repeated: 2,
  sessionNull: 1,
  tooMany: 1,
};

/** `deadLetters.byReason` of such a run. */
export const REASONS_ONCE = {
  badEventList: 1,
  badEventType: 1,
  badItemId: 1,
  badJson: 2,
  badProperties: 1,
  badSentAt: 1,
  badSessionId: 2,
  badUserId: 1,
  badUtf8: 1,
  eventTooLarge: 1,
  notAnObject: 1,
};
