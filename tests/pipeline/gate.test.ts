import * as assert from "node:assert/strict";
import { DeleteCampaignCommand } from "@aws-sdk/client-personalize";
import { eventually, historyFile, NOON } from "@c360/local-aws/testing";
import { BUCKETS, CAMPAIGN, DeployedPipeline, INPUT, type Ran } from "../support/deployedPipeline";

const METRIC = "normalized_discounted_cumulative_gain_at_25";
const ACCEPTED = "recommender/accepted_version.json";
const RUN_DAY = "2026-01-31";
/** Later than the runs, which therefore keep the CSV. */
const CSV_DAY = "2026-02-01";
const [USERS, EACH, TASTES, ITEMS] = [80, 20, 8, 400];

/** A number from 0 to 1 that looks drawn, and is always the same. */
const drawn = (seed: number): number => (((Math.sin(seed * 12.9898) * 43_758.5453) % 1) + 1) % 1;

/** A CSV in which each user keeps to the items of a taste, or all take what is popular. */
function csvOf(hasTastes: boolean): string {
  const rows = Array.from({ length: USERS * EACH }, (_, i): [string, string, number, string] => {
    const user = i % USERS;
    const number = Math.floor((hasTastes ? drawn(i) : drawn(i) ** 6) * (hasTastes ? ITEMS / TASTES : ITEMS));
    return [`u${user}`, `i${hasTastes ? number * TASTES + (user % TASTES) : number}`, NOON + i, "watch"];
  });
  return historyFile(rows);
}

describe("the quality gate of a run", function () {
  this.timeout(300_000);
  let pipeline: DeployedPipeline;
  before(async () => {
    const settings = { source: { prefix: "crm/interactions/" }, train: "afterExport", campaign: true, requireBaseline: true } as const;
    pipeline = await DeployedPipeline.open(settings);
  });
  after(() => pipeline.close());

  async function run(runKey: string, hasTastes: boolean): Promise<Ran> {
    const text = csvOf(hasTastes);
    const figures = { rows: String(USERS * EACH), users: String(USERS), items: String(ITEMS), bytes: String(text.length) };
    const metadata = { runid: `of-${runKey}`, rundate: CSV_DAY, columns: "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", ...figures };
    await pipeline.put(BUCKETS.downstream, INPUT, text, metadata);
    return pipeline.run({ runDate: RUN_DAY, runKey });
  }
  const accepted = async () =>
    (JSON.parse((await pipeline.object(BUCKETS.lake, ACCEPTED))?.text ?? "{}") as { solutionVersionArn?: string }).solutionVersionArn;
  let best: string;

  it("deploys no first version that does not beat popularity", async () => {
    const { status, output } = await run("popular", false);
    const { decision, metrics, baseline, present, reason } = output.training;
    assert.deepEqual([status, decision, present], ["SUCCEEDED", "kept", null]);
    assert.ok(metrics[METRIC] <= (baseline?.[METRIC] ?? NaN), reason);
    assert.match(reason, /it must be above it \(recommender\.requireBaseline\)$/);
    assert.deepEqual([await pipeline.served(), await accepted()], [undefined, undefined]);
  });

  it("deploys one that does, and keeps it when the next one is worse", async () => {
    const first = (await run("tastes", true)).output.training;
    best = first.solutionVersionArn;
    assert.equal(first.decision, "created");
    assert.ok(first.metrics[METRIC] > (first.baseline?.[METRIC] ?? NaN), first.reason);
    assert.deepEqual([await pipeline.served(), await accepted()], [best, best]);

    const { status, output } = await run("worse", false);
    const { decision, present, baseline, reason } = output.training;
    assert.deepEqual([status, decision, baseline, present], ["SUCCEEDED", "kept", null, first.metrics], reason);
    assert.ok((await pipeline.notices()).at(-1)?.includes(`Reason: ${reason}`));
    assert.deepEqual([await pipeline.served(), await accepted()], [best, best]);
  });

  it("creates a campaign that was deleted by hand for the accepted version, though the newest one was refused", async () => {
    await pipeline.personalize.send(new DeleteCampaignCommand({ campaignArn: CAMPAIGN }));
    await eventually(async () => assert.equal(await pipeline.served(), undefined));
    const { decision, solutionVersionArn, reason } = (await pipeline.run({ runDate: RUN_DAY, runKey: "worse" })).output.training;
    assert.deepEqual([decision, solutionVersionArn, await pipeline.served()], ["created", best, best]);
    assert.match(reason, /^the quality gate refused \S+: .*; the campaign did not serve the accepted version$/);
  });

  it("updates the campaign when the next version is better", async () => {
    const { decision, solutionVersionArn } = (await run("tastes again", true)).output.training;
    assert.deepEqual([decision, await pipeline.served(), await accepted()], ["updated", solutionVersionArn, solutionVersionArn]);
    assert.notEqual(solutionVersionArn, best);
  });
});
