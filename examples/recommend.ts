import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { GetRecommendationsCommand, PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";

/** Most items in the impression of one event: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html */
const MOST_SHOWN = 25;

/** A user's visit to a page. */
export interface Page {
  /** Campaign that gives the recommendations. */
  campaignArn: string;
  /** Stream that takes the events. */
  streamName: string;
  userId: string;
  sessionId: string;
}

/** Recommended items, best first. Events with the recommendationId are attributed to them. */
export interface Recommendations {
  items: string[];
  recommendationId: string;
}

/**
 * Gets recommendations from the campaign; an unknown user gets popular items.
 *
 * @throws Error named AccessDeniedException without the policy of the output `recommendationsPolicyArn`
 */
export async function recommend(runtime: PersonalizeRuntimeClient, { campaignArn, userId }: Page): Promise<Recommendations> {
  const { itemList = [], recommendationId = "" } = await runtime.send(
    new GetRecommendationsCommand({ campaignArn, userId, numResults: MOST_SHOWN }),
  );
  return { items: itemList.flatMap(({ itemId }) => itemId ?? []), recommendationId };
}

/**
 * Puts one event on the stream. The session is the partition key, which keeps its events in order.
 *
 * @param event an event without its time, which is now
 */
export async function send(kinesis: KinesisClient, { streamName, userId, sessionId }: Page, event: object): Promise<void> {
  const record = { user_id: userId, session_id: sessionId, event_list: [{ ...event, sentAt: Date.now() }] };
  await kinesis.send(new PutRecordCommand({ StreamName: streamName, PartitionKey: sessionId, Data: Buffer.from(JSON.stringify(record)) }));
}

/** Prints a user's recommendations, and sends an event for each item that the user watches: its number, one per line of stdin. */
async function main(): Promise<void> {
  const [userId] = process.argv.slice(2);
  const { CAMPAIGN_ARN: campaignArn, STREAM_NAME: streamName } = process.env;
  if (!userId || !campaignArn || !streamName)
    throw new Error("usage: CAMPAIGN_ARN=... STREAM_NAME=... npx ts-node examples/recommend.ts USER");
  const page = { campaignArn, streamName, userId, sessionId: randomUUID() };
  const kinesis = new KinesisClient();

  const { items, recommendationId } = await recommend(new PersonalizeRuntimeClient(), page);
  if (items.length === 0) return;
  for (const [i, item] of items.entries()) console.log(`${i + 1}. ${item}`);
  await send(kinesis, page, { eventType: "impression", impression: items, recommendationId });

  for await (const line of createInterface({ input: process.stdin })) {
    const itemId = items[Number(line) - 1];
    if (itemId === undefined) console.log(`enter a number from 1 to ${items.length}`);
    else await send(kinesis, page, { eventType: "watch", itemId, recommendationId });
  }
}

if (require.main === module) void main();
