import { generator } from "./numbers";

/** Shape of the benchmark's records. */
export interface Shape {
  records: number;
  sessions: number;
  /** Mean number of events per record. */
  meanEvents: number;
  seed: number;
}

/** The payload of a record. */
export interface Payload {
  user_id: string;
  session_id: string;
  event_list: { eventType: string; itemId: string; sentAt: number }[];
}

/** Makes records of random sessions with 1 to 10 events each, the same ones for the same shape. */
export function makePayloads({ records, sessions, meanEvents, seed }: Shape): Payload[] {
  const random = generator(seed);
  return Array.from({ length: records }, (_, r) => {
    const session = Math.floor(random() * sessions);
    const events = Math.min(10, 1 + Math.floor(-Math.log(1 - random()) * (meanEvents - 0.5)));
    const event_list = Array.from({ length: events }, (_, e) => ({
      eventType: "watch",
      itemId: String(Math.floor(random() ** 3 * 10_000)),
      sentAt: 1_700_000_000 + r * 10 + e,
    }));
    return { user_id: `user-${session}`, session_id: `session-${session}`, event_list };
  });
}

/** Fewest PutEvents calls that can carry a batch: at most 10 events of one session of one user per call. */
export function fewestCalls(batch: readonly Payload[]): number {
  const events = new Map<string, number>();
  for (const { user_id, session_id, event_list } of batch) {
    const group = JSON.stringify([user_id, session_id]);
    events.set(group, (events.get(group) ?? 0) + event_list.length);
  }
  return [...events.values()].reduce((calls, count) => calls + Math.ceil(count / 10), 0);
}

/** Splits into batches of `size`; the last one may be smaller. */
export function batches<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
