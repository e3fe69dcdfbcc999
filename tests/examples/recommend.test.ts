import * as assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { PersonalizeClient } from "@aws-sdk/client-personalize";
import { PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import { recommend } from "../../examples/recommend";
import type { Json } from "@c360/local-aws";
import { deploy } from "../../local/deploy";
import { readProgramStack } from "../../cli/shared/stack";
import {
  eventually,
  iteratorOf,
  makeSolution,
  personalizeLog,
  readFrom,
  serve,
  shardId,
  streamInteractions,
  type TestCloud,
  train,
  withCloud,
} from "@c360/local-aws/testing";
import { REPOSITORY } from "../support/program";

/** How much shorter the waits of the cloud are. */
const SCALE = 1000;
const DATASET_GROUP = "arn:aws:personalize:ap-southeast-1:123456789012:dataset-group/acme-c360-recommender-recommender-dev";

/** The outputs of the program that a consumer needs. */
interface Outputs {
  streamName: string;
  trackingId: string;
  campaignArn: string;
  recommendationsPolicyArn: string;
  producerPolicyArn: string;
}

describe("the example consumer", () => {
  let running: TestCloud;
  let outputs: Outputs;
  before(async () => {
    running = await withCloud(undefined, { scale: SCALE });
    const stack = await readProgramStack(REPOSITORY, "local");
    const tenants = await deploy(running, { stack, tenant: "acme" }, new AbortController().signal, []);
    outputs = tenants.acme as unknown as Outputs;
    running.startWorkers();
    await streamInteractions(running, outputs.trackingId);
    const personalize = new PersonalizeClient(running.client);
    const solution = await makeSolution(personalize, DATASET_GROUP, "trained-by-hand");
    await serve(personalize, await train(personalize, solution, "trained-by-hand"), outputs.campaignArn.split("/")[1]);
    personalize.destroy();
  });
  after(() => running.stop());

  it("prints recommendations and sends events, with only the policies that the program outputs", async () => {
    const before = await personalizeLog(running, "events");
    const { recommendationsPolicyArn, producerPolicyArn, campaignArn, streamName } = outputs;
    const { credentials } = running.user("consumer", [recommendationsPolicyArn, producerPolicyArn]);
    const example = spawn(process.execPath, ["-r", "ts-node/register", "examples/recommend.ts", "u3"], {
      cwd: REPOSITORY,
      env: {
        ...{ PATH: process.env.PATH, AWS_ENDPOINT_URL: running.client.endpoint, AWS_REGION: running.client.region },
        ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
        ...{ CAMPAIGN_ARN: campaignArn, STREAM_NAME: streamName },
      },
    });
    example.stdin.end("2\n26\n");
    const [shown, said] = await Promise.all([text(example.stdout), text(example.stderr), once(example, "close")]);
    assert.equal(example.exitCode, 0, said);

    const [{ userId, items, recommendationId }] = await personalizeLog(running, "recommendations");
    const all = items as string[];
    assert.deepEqual([userId, all.length], ["u3", 25]);
    const lines = all.map((item, i) => `${i + 1}. ${item}`);
    assert.deepEqual(shown.trimEnd().split("\n"), [...lines, "enter a number from 1 to 25"]);

    const sent = [
      { eventType: "impression", impression: all, recommendationId },
      { eventType: "watch", itemId: all[1], recommendationId },
    ];
    const records = (await streamed(streamName)) as { user_id: string; session_id: string; event_list: Json[] }[];
    assert.deepEqual(
      records.map(({ user_id }) => user_id),
      ["u3", "u3"],
    );
    assert.deepEqual(records.map(({ event_list }) => event_list.map(withoutTime)).flat(), sent);
    await eventually(async () => {
      const forwarded = (await personalizeLog(running, "events")).slice(before.length);
      assert.deepEqual(
        forwarded.map(({ event }) => withoutTime(event as Json)),
        sent,
      );
    });
  });

  it("gets no recommendations without their policy", async () => {
    const producer = running.user("producer", [outputs.producerPolicyArn]);
    const runtime = new PersonalizeRuntimeClient(running.clientOf(producer));
    const page = { campaignArn: outputs.campaignArn, streamName: outputs.streamName, userId: "u3", sessionId: "s" };
    await assert.rejects(recommend(runtime, page), { name: "AccessDeniedException" });
    runtime.destroy();
  });

  /** The records of the stream's one shard. */
  async function streamed(StreamName: string): Promise<unknown[]> {
    const kinesis = new KinesisClient(running.client);
    const from = await iteratorOf(kinesis, { StreamName, ShardId: shardId(0), ShardIteratorType: "TRIM_HORIZON" });
    const { texts } = await readFrom(kinesis, from);
    kinesis.destroy();
    return texts.map((text) => JSON.parse(text) as unknown);
  }
});

function withoutTime({ sentAt, eventId: _, ...event }: Json): Json {
  assert.ok(Number(sentAt) > 1.7e9);
  return event;
}
