/** A record of the stream, as a line of the raw events. */
export function eventLine(user: string, events: { item: string; at: number; type?: string; id?: string }[]): string {
  const event_list = events.map(({ item, at, type = "watch", id }) => ({ eventType: type, sentAt: at, itemId: item, eventId: id }));
  return JSON.stringify({ user_id: user, session_id: `s-${user}`, event_list });
}
