import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { GetRecommendationsCommand, PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";

/** Items that one event can name: https://docs.aws.amazon.com/personalize/latest/dg/API_UBS_Event.html */
const MOST_SHOWN = 25;

/** Whose page it is, and what serves it. */
export interface Page {
  campaignArn: string;
  streamName: string;
  userId: string;
  sessionId: string;
}

/** What a campaign answered; the id ties what the user does to this very answer. */
export interface Recommendations {
  items: string[];
  recommendationId: string;
}

/** Asks the campaign. A user that it does not know gets what is popular. */
export async function recommend(runtime: PersonalizeRuntimeClient, { campaignArn, userId }: Page): Promise<Recommendations> {
  const { itemList = [], recommendationId = "" } = await runtime.send(
    new GetRecommendationsCommand({ campaignArn, userId, numResults: MOST_SHOWN }),
  );
  return { items: itemList.flatMap(({ itemId }) => itemId ?? []), recommendationId };
}

/** Puts one event on the stream; the session as partition key keeps its events in order. */
export async function send(kinesis: KinesisClient, { streamName, userId, sessionId }: Page, event: object): Promise<void> {
  const record = { user_id: userId, session_id: sessionId, event_list: [{ ...event, sentAt: Date.now() }] };
  await kinesis.send(new PutRecordCommand({ StreamName: streamName, PartitionKey: sessionId, Data: Buffer.from(JSON.stringify(record)) }));
}

/** Shows a user's recommendations and takes numbers of items from stdin, a line each, as what the user watches. */
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
    if (itemId === undefined) console.log(`a number from 1 to ${items.length}, please`);
    else await send(kinesis, page, { eventType: "watch", itemId, recommendationId });
  }
}

if (require.main === module) void main();
