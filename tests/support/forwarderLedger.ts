import * as assert from "node:assert/strict";
import type { EventSourceMapping, Json } from "@c360/local-aws";
import { type DeployedForwarder, UPSTREAM } from "./deployedForwarder";
import { personalizeLog } from "@c360/local-aws/testing";

/** Epoch seconds of the first event of a record. */
const SENT = 1_700_000_000;

/** A record of one session with an event for each item. `invalid…` the forwarder refuses, `refused…` Personalize. */
export interface SessionRecord {
  session: string;
  items: string[];
}

/** The record as its producer writes it. */
export function payloadOf({ session, items }: SessionRecord): object {
  const event_list = items.map((itemId, i) => ({
    eventType: "view",
    itemId,
    sentAt: itemId.startsWith("invalid") ? 0 : SENT + i,
    // Personalize knows the member, the forwarder leaves that to it.
    ...(itemId.startsWith("refused") ? { properties: { userId: "1" } } : {}),
  }));
  return { session_id: session, event_list };
}

/** A dead letter, or a record of a batch that Lambda discarded. */
export interface KeptRecord {
  sequenceNumber: string;
  /** Absent for a discarded batch. */
  reason?: string;
  /** Indexes of the bad events; absent when the record is kept as a whole. */
  events?: number[];
  /** Base64. */
  data: string;
}

/** An event as Personalize has it. */
export interface AcceptedEvent {
  sessionId: string;
  event: { itemId: string; eventId: string };
}

/** What Personalize accepted, in order. */
export async function acceptedEvents({ running }: DeployedForwarder): Promise<AcceptedEvent[]> {
  return (await personalizeLog(running, "events")) as unknown as AcceptedEvent[];
}

/** What the dead-letter store and Lambda's failure destination hold. */
export async function keptRecords({ running: { cloud, owner } }: DeployedForwarder): Promise<KeptRecord[]> {
  const { output } = await cloud.call(owner, "s3", "GET /{Bucket}?list-type", { Bucket: UPSTREAM, "list-type": "2", headers: {} });
  const { Contents = [] } = output?.ListBucketResult as { Contents?: { Key: string }[] };
  const kept: KeptRecord[] = [];
  for (const { Key } of Contents) {
    const text = await objectText(await cloud.call(owner, "s3", "GET /{Bucket}/{Key+}", { Bucket: UPSTREAM, Key, headers: {} }));
    if (!Key.startsWith("aws/lambda/"))
      kept.push(
        ...text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as KeptRecord),
      );
    else {
      const { Records } = JSON.parse((JSON.parse(text) as { payload: string }).payload) as { Records: { kinesis: KeptRecord }[] };
      kept.push(...Records.map(({ kinesis: { sequenceNumber, data } }) => ({ sequenceNumber, data })));
    }
  }
  return kept;
}

/** What was put on the stream, to be found again in Personalize, in the dead-letter store, or behind the checkpoint. */
export class Ledger {
  private readonly records = new Map<string, SessionRecord>();

  constructor(private readonly forwarder: DeployedForwarder) {}

  /** Puts records on the stream, in order. */
  async put(...records: SessionRecord[]): Promise<string[]> {
    const payloads = records.map((record) => ({ key: record.session, data: Buffer.from(JSON.stringify(payloadOf(record))) }));
    const numbers = await this.forwarder.put(payloads);
    numbers.forEach((number, i) => this.records.set(number, records[i]));
    return numbers;
  }

  /** Fails unless every record is accepted, or kept, or not checkpointed: to be called at any time. */
  async checkNothingLost(): Promise<void> {
    // First: what is done with later can only be more.
    const checkpoint = this.checkpoint();
    const [accepted, kept] = await this.found();
    for (const [number, { items }] of this.records) {
      if (BigInt(number) > checkpoint) continue;
      const lost = items.filter((item, i) => !accepted.has(item) && !kept.has(`${number} ${i}`));
      assert.deepEqual(lost, [], `checkpointed at ${checkpoint}, lost of ${number}`);
    }
  }

  /** Fails unless each good event is accepted in its session's order and under one id, and just the bad ones are kept. */
  async checkComplete(): Promise<void> {
    const [accepted, kept] = await this.found();
    const isGood = (item: string): boolean => !/^(invalid|refused)/.test(item);
    const expected = new Map<string, string[]>();
    const bad: string[] = [];
    for (const [number, { session, items }] of this.records) {
      expected.set(session, [...(expected.get(session) ?? []), ...items.filter(isGood)]);
      bad.push(...items.flatMap((item, i) => (isGood(item) ? [] : [`${number} ${i}`])));
    }
    const order = new Map<string, string[]>([...expected.keys()].map((session) => [session, []]));
    for (const [item, { session, ids }] of accepted) {
      order.get(session)?.push(item);
      assert.equal(ids.size, 1, `${item} has one id`);
    }
    assert.deepEqual(order, expected);
    assert.deepEqual([...kept].sort(), bad.sort());
  }

  /** Highest sequence number up to which the mapping is done. */
  checkpoint(): bigint {
    const [mapping] = this.forwarder.running.services.get("lambda")?.workers as EventSourceMapping[];
    return BigInt(mapping.checkpoints.at(0) ?? -1);
  }

  private async found(): Promise<[Map<string, { session: string; ids: Set<string> }>, Set<string>]> {
    const accepted = new Map<string, { session: string; ids: Set<string> }>();
    for (const { sessionId, event } of await acceptedEvents(this.forwarder)) {
      const { ids } = accepted.get(event.itemId) ?? { ids: new Set<string>() };
      accepted.set(event.itemId, { session: sessionId, ids: ids.add(event.eventId) });
    }
    const kept = new Set<string>();
    for (const { sequenceNumber, events } of await keptRecords(this.forwarder)) {
      const { items = [] } = this.records.get(sequenceNumber) ?? {};
      for (const index of events ?? items.keys()) kept.add(`${sequenceNumber} ${index}`);
    }
    return [accepted, kept];
  }
}

async function objectText({ body }: { body?: unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Whether a PutEvents call holds an item. */
export const holds =
  (item: string) =>
  ({ eventList }: Json): boolean =>
    (eventList as { itemId: string }[]).some(({ itemId }) => itemId === item);
