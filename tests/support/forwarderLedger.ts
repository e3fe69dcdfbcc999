import * as assert from "node:assert/strict";
import type { EventSourceMapping, Json } from "@c360/local-aws";
import { type DeployedForwarder, UPSTREAM } from "./deployedForwarder";
import { personalizeLog } from "@c360/local-aws/testing";

/** Epoch seconds of the first event of a record. */
const SENT = 1_700_000_000;

/** A record of one session with one event per item. The forwarder rejects items `invalid…`, Personalize rejects items `refused…`. */
export interface SessionRecord {
  session: string;
  items: string[];
}

/** The payload of a record. */
export function payloadOf({ session, items }: SessionRecord): object {
  const event_list = items.map((itemId, i) => ({
    eventType: "view",
    itemId,
    sentAt: itemId.startsWith("invalid") ? 0 : SENT + i,
  }));
  return { session_id: session, event_list };
}

/** A dead letter, or a record of a discarded batch. */
export interface KeptRecord {
  sequenceNumber: string;
  /** Absent for a discarded batch. */
  reason?: string;
  /** Indexes of the bad events; absent when the whole record is kept. */
  events?: number[];
  /** Base64. */
  data: string;
}

/** An event that Personalize accepted. */
export interface AcceptedEvent {
  sessionId: string;
  event: { itemId: string; eventId: string };
}

/** All events that Personalize accepted, in order. */
export async function acceptedEvents({ running }: DeployedForwarder): Promise<AcceptedEvent[]> {
  return (await personalizeLog(running, "events")) as unknown as AcceptedEvent[];
}

/** All records in the dead-letter store and in Lambda's failure destination. */
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

/** The records that a test put on the stream, to be found in Personalize, in the dead-letter store, or after the checkpoint. */
export class Ledger {
  private readonly records = new Map<string, SessionRecord>();

  /** @param acceptedBefore events that Personalize accepted before the ledger was opened */
  private constructor(
    private readonly forwarder: DeployedForwarder,
    private readonly acceptedBefore: number,
  ) {}

  /** A ledger for records that are put from now on, when all earlier ones are done. */
  static async open(forwarder: DeployedForwarder): Promise<Ledger> {
    return new Ledger(forwarder, (await acceptedEvents(forwarder)).length);
  }

  /** Puts records on the stream, in order; returns their sequence numbers. */
  async put(...records: SessionRecord[]): Promise<string[]> {
    const payloads = records.map((record) => ({ key: record.session, data: Buffer.from(JSON.stringify(payloadOf(record))) }));
    const numbers = await this.forwarder.put(payloads);
    numbers.forEach((number, i) => this.records.set(number, records[i]));
    return numbers;
  }

  /** Events that Personalize accepted since the ledger was opened, in order. */
  async accepted(): Promise<AcceptedEvent[]> {
    return (await acceptedEvents(this.forwarder)).slice(this.acceptedBefore);
  }

  /** The ledger's records in the dead-letter store and in Lambda's failure destination. */
  async kept(): Promise<KeptRecord[]> {
    return (await keptRecords(this.forwarder)).filter(({ sequenceNumber }) => this.records.has(sequenceNumber));
  }

  /** Fails unless every record is accepted, or kept, or not checkpointed. May be called at any time. */
  async checkNothingLost(): Promise<void> {
    // Read the checkpoint first: what is found later can only be more.
    const checkpoint = this.checkpoint();
    const [accepted, kept] = await this.found();
    for (const [number, { items }] of this.records) {
      if (BigInt(number) > checkpoint) continue;
      const lost = items.filter((item, i) => !accepted.has(item) && !kept.has(`${number} ${i}`));
      assert.deepEqual(lost, [], `checkpointed at ${checkpoint}, lost of ${number}`);
    }
  }

  /** Fails unless every good event is accepted, in its session's order and under one id, and only the bad ones are kept. */
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

  /** The mapping's checkpoint in the first shard: a sequence number, or -1. */
  checkpoint(): bigint {
    const [mapping] = this.forwarder.running.services.get("lambda")?.workers as EventSourceMapping[];
    return BigInt(mapping.checkpoints.at(0) ?? -1);
  }

  private async found(): Promise<[Map<string, { session: string; ids: Set<string> }>, Set<string>]> {
    const accepted = new Map<string, { session: string; ids: Set<string> }>();
    for (const { sessionId, event } of await this.accepted()) {
      const { ids } = accepted.get(event.itemId) ?? { ids: new Set<string>() };
      accepted.set(event.itemId, { session: sessionId, ids: ids.add(event.eventId) });
    }
    const kept = new Set<string>();
    for (const { sequenceNumber, events } of await this.kept()) {
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

/** Condition of a fault: the PutEvents call contains the item. */
export const holds =
  (item: string) =>
  ({ eventList }: Json): boolean =>
    (eventList as { itemId: string }[]).some(({ itemId }) => itemId === item);
