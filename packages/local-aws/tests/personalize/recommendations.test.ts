import * as assert from "node:assert/strict";
import {
  DeleteCampaignCommand,
  DeleteSolutionCommand,
  DescribeCampaignCommand,
  DescribeSolutionCommand,
} from "@aws-sdk/client-personalize";
import { GetRecommendationsCommand, type GetRecommendationsRequest, PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import { eventually } from "../../testing/eventually";
import { personalizeLog } from "../../testing/personalize";
import { PERSONAL, POPULARITY, TasteWorld } from "../support/tasteWorld";
import { makeSolution, serve, train } from "../../testing/trainedRecommender";

const NOW = 1_750_000_000;
const UNSEEN = Array.from({ length: 10 }, (_, i) => `a${40 + i}`);

describe("recommendations of the local Personalize", () => {
  let world: TasteWorld;
  let campaignArn: string;
  const ask = (request: Partial<GetRecommendationsRequest> = {}) =>
    world.runtime.send(new GetRecommendationsCommand({ campaignArn, ...request }));
  const items = async (request?: Partial<GetRecommendationsRequest>) =>
    ((await ask(request)).itemList ?? []).map(({ itemId }) => String(itemId));
  const deploy = async (name: string, recipe: string) => {
    const solution = await makeSolution(world.personalize, world.shop.datasetGroupArn, name, recipe);
    return serve(world.personalize, await train(world.personalize, solution, "one"), name);
  };

  before(async () => {
    world = await TasteWorld.open();
    campaignArn = await deploy("taste", PERSONAL);
  });
  after(() => world.close());

  it("are the other items of users with the same items, by falling score", async () => {
    const { itemList = [] } = await ask({ userId: "u0" });
    assert.equal(itemList.length, 25);
    assert.deepEqual(
      itemList
        .slice(0, 10)
        .map(({ itemId }) => String(itemId))
        .sort(),
      UNSEEN,
    );
    const scores = itemList.map(({ score }) => score ?? 0);
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    );
    assert.ok(Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 1e-9);
    assert.deepEqual(
      await items({ userId: "u0" }),
      itemList.map(({ itemId }) => itemId),
    );
  });

  it("are the popular items for an unknown user, or without a user", async () => {
    const popular = await items({ campaignArn: await deploy("popular", POPULARITY), userId: "u0" });
    assert.deepEqual(await items({ userId: "stranger" }), popular);
    assert.deepEqual(await items(), popular);
  });

  it("are as many as requested", async () => {
    assert.equal((await items({ userId: "u0", numResults: 1 })).length, 1);
    assert.equal((await items({ userId: "u0", numResults: 500 })).length, 100);
  });

  it("follow streamed interactions at once", async () => {
    await world.stream([
      ["newcomer", "b3", NOW, "watch"],
      ["newcomer", "b4", NOW + 1, "click"],
    ]);
    const first = await items({ userId: "newcomer" });
    assert.deepEqual(
      first.filter((item) => !/^b/.test(item) || item === "b3" || item === "b4"),
      [],
    );
  });

  it("are logged with a unique id", async () => {
    const before = (await personalizeLog(world.running, "recommendations")).length;
    const asked = [await ask({ userId: "u1", numResults: 3 }), await ask({ numResults: 2 })];
    const logged = (await personalizeLog(world.running, "recommendations")).slice(before).map(({ at, ...rest }) => [typeof at, rest]);
    const expected = asked.map(({ itemList = [], recommendationId }, i) => {
      const shown = { items: itemList.map(({ itemId }) => itemId), recommendationId };
      return ["number", { campaignArn, userId: i === 0 ? "u1" : null, ...shown }];
    });
    assert.deepEqual(logged, expected);
    const [one, other] = asked.map(({ recommendationId = "" }) => recommendationId);
    assert.ok(one !== other && one.length > 0 && one.length <= 40 && other.length <= 40, `${one} ${other}`);
  });

  it("refuse unsupported members by name, without a log entry", async () => {
    const before = (await personalizeLog(world.running, "recommendations")).length;
    const invalid = (message: RegExp) => ({ name: "InvalidInputException", message });
    for (const unsupported of [{ filterArn: `${campaignArn}/f` }, { itemId: "a0" }, { context: { DEVICE: "phone" } }]) {
      const message = new RegExp(`does not know the member ${Object.keys(unsupported)[0]}`);
      await assert.rejects(ask(unsupported), { name: "NotImplemented", message });
    }
    await assert.rejects(ask({ numResults: 0 }), invalid(/'numResults'/));
    await assert.rejects(ask({ numResults: 501 }), invalid(/'numResults'/));
    await assert.rejects(ask({ userId: "" }), invalid(/'userId'/));
    await assert.rejects(ask({ campaignArn: undefined }), invalid(/'campaignArn'/));
    await assert.rejects(ask({ campaignArn: `${campaignArn}x` }), (error: { name: string; $metadata: { httpStatusCode: number } }) => {
      assert.deepEqual([error.name, error.$metadata.httpStatusCode], ["ResourceNotFoundException", 404]);
      return true;
    });
    assert.equal((await personalizeLog(world.running, "recommendations")).length, before);
  });

  it("need the permission for the campaign", async () => {
    const { running } = world;
    const { cloud } = running;
    const trust = { Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }] };
    const role = await cloud.create("aws:iam/role:Role", { name: "shop", assumeRolePolicy: trust }, "urn:role");
    const policy = { Statement: [{ Effect: "Allow", Action: "personalize:GetRecommendations", Resource: campaignArn }] };
    await cloud.create("aws:iam/rolePolicy:RolePolicy", { name: "asks", role: "shop", policy }, "urn:policy");
    const client = new PersonalizeRuntimeClient({
      ...running.clientOf(cloud.assume(String(role.state.arn), "lambda.amazonaws.com")),
      maxAttempts: 1,
    });
    const { itemList = [] } = await client.send(new GetRecommendationsCommand({ campaignArn, userId: "u0", numResults: 1 }));
    assert.equal(itemList.length, 1);
    const other = client.send(new GetRecommendationsCommand({ campaignArn: campaignArn.replace("taste", "popular"), userId: "u0" }));
    await assert.rejects(other, { name: "AccessDeniedException", message: /personalize:GetRecommendations on .*campaign\/popular/ });
    client.destroy();
  });

  it("end with their campaign, while events are still accepted", async () => {
    const solutionArn = campaignArn.replace("campaign", "solution");
    const gone = (look: () => Promise<unknown>) => eventually(() => assert.rejects(look, { name: "ResourceNotFoundException" }));
    await world.personalize.send(new DeleteCampaignCommand({ campaignArn }));
    await gone(() => world.personalize.send(new DescribeCampaignCommand({ campaignArn })));
    await world.personalize.send(new DeleteSolutionCommand({ solutionArn }));
    await gone(() => world.personalize.send(new DescribeSolutionCommand({ solutionArn })));
    await assert.rejects(ask({ userId: "u0" }), { name: "ResourceNotFoundException", message: /does not exist/ });
    await world.stream([["u0", "a49", NOW, "watch"]]);
    assert.equal((await personalizeLog(world.running, "events")).at(-1)?.userId, "u0");
  });
});
