import * as assert from "node:assert/strict";
import {
  CreateCampaignCommand,
  DeleteCampaignCommand,
  DeleteSolutionCommand,
  DescribeCampaignCommand,
  ListCampaignsCommand,
  UpdateCampaignCommand,
  type UpdateCampaignRequest,
} from "@aws-sdk/client-personalize";
import { GetRecommendationsCommand } from "@aws-sdk/client-personalize-runtime";
import type { Failing } from "../../src/personalize";
import { eventually } from "../../testing/eventually";
import { PERSONAL, POPULARITY, TasteWorld } from "../support/tasteWorld";
import { makeSolution, serve, train } from "../../testing/trainedRecommender";

const ARN = "arn:aws:personalize:ap-southeast-1:123456789012";

describe("campaigns of the local Personalize", () => {
  let world: TasteWorld;
  let popular: string;
  let personal: string;
  const failing = new Set<Failing>();
  const describe = async (campaignArn: string) =>
    (await world.personalize.send(new DescribeCampaignCommand({ campaignArn }))).campaign ?? {};
  const update = (campaignArn: string, changes: Partial<UpdateCampaignRequest>) =>
    world.personalize.send(new UpdateCampaignCommand({ campaignArn, ...changes }));
  const remove = (campaignArn: string) => world.personalize.send(new DeleteCampaignCommand({ campaignArn }));
  const updated = (campaignArn: string, status: string) =>
    eventually(async () => {
      const { latestCampaignUpdate = {}, ...campaign } = await describe(campaignArn);
      assert.equal(latestCampaignUpdate.status, status);
      return { ...campaign, latestCampaignUpdate };
    });
  /** Which version a campaign serves: only the personal one distinguishes tastes. */
  const serves = async (campaignArn: string): Promise<"popular" | "personal"> => {
    const { itemList = [] } = await world.runtime.send(new GetRecommendationsCommand({ campaignArn, userId: "u0", numResults: 10 }));
    return itemList.every(({ itemId = "" }) => /^a4\d$/.test(itemId)) ? "personal" : "popular";
  };

  before(async () => {
    world = await TasteWorld.open({ fails: (kind) => (failing.has(kind) ? `The ${kind} is to fail.` : undefined) });
    const version = async (recipe: string, name: string) =>
      train(world.personalize, await makeSolution(world.personalize, world.shop.datasetGroupArn, name, recipe), "one");
    [popular, personal] = [await version(POPULARITY, "popular"), await version(PERSONAL, "personal")];
  });
  afterEach(() => failing.clear());
  after(() => world.close());

  it("are described and listed with their settings", async () => {
    const campaignArn = await serve(world.personalize, popular, "plain");
    const { creationDateTime, lastUpdatedDateTime, ...rest } = await describe(campaignArn);
    const summary = { name: "plain", campaignArn: `${ARN}:campaign/plain`, status: "ACTIVE" };
    assert.deepEqual(rest, { ...summary, solutionVersionArn: popular, minProvisionedTPS: 1 });
    const listed = async (solutionArn: string) => (await world.personalize.send(new ListCampaignsCommand({ solutionArn }))).campaigns;
    assert.deepEqual(await listed(`${ARN}:solution/popular`), [{ ...summary, creationDateTime, lastUpdatedDateTime }]);
    assert.deepEqual(await listed(`${ARN}:solution/personal`), []);
  });

  it("refuse unsupported members by name", async () => {
    const create = (changes: object) =>
      world.personalize.send(new CreateCampaignCommand({ name: "c", solutionVersionArn: popular, ...changes }));
    const invalid = (message: RegExp) => ({ name: "InvalidInputException", message });
    await assert.rejects(create({ campaignConfig: {} }), { name: "NotImplemented", message: /does not know the member campaignConfig/ });
    await assert.rejects(create({ minProvisionedTPS: 0 }), invalid(/'minProvisionedTPS'/));
    await assert.rejects(create({ solutionVersionArn: `${ARN}:solution/popular/$LATEST` }), { name: "ResourceNotFoundException" });
    await assert.rejects(create({ name: "plain" }), { name: "ResourceAlreadyExistsException" });
    await assert.rejects(update(`${ARN}:campaign/none`, { solutionVersionArn: popular }), { name: "ResourceNotFoundException" });
  });

  it("serve the old version until the new one is loaded", async () => {
    const arn = await serve(world.personalize, popular, "moving");
    world.freeze();
    await update(arn, { solutionVersionArn: personal });
    for (const status of ["CREATE PENDING", "CREATE IN PROGRESS"]) {
      const campaign = await updated(arn, status);
      assert.deepEqual([campaign.status, campaign.solutionVersionArn], ["ACTIVE", popular]);
      assert.equal(campaign.latestCampaignUpdate.solutionVersionArn, personal);
      assert.equal(await serves(arn), "popular");
      const inUse = { name: "ResourceInUseException", message: new RegExp(status) };
      await assert.rejects(update(arn, { minProvisionedTPS: 2 }), inUse);
      await assert.rejects(remove(arn), inUse);
      const solution = new DeleteSolutionCommand({ solutionArn: `${ARN}:solution/personal` });
      await assert.rejects(world.personalize.send(solution), { name: "ResourceInUseException", message: /campaign\/moving/ });
      world.step();
    }
    world.thaw();
    const { creationDateTime, lastUpdatedDateTime, ...latest } = (await updated(arn, "ACTIVE")).latestCampaignUpdate;
    assert.deepEqual(latest, { solutionVersionArn: personal, minProvisionedTPS: 1, status: "ACTIVE" });
    assert.equal(Number(lastUpdatedDateTime) > Number(creationDateTime), true);
    assert.equal((await describe(arn)).solutionVersionArn, personal);
    assert.equal(await serves(arn), "personal");
  });

  it("keep serving the old version when the update fails", async () => {
    const arn = await serve(world.personalize, personal, "staying");
    failing.add("campaignUpdate");
    await update(arn, { solutionVersionArn: popular, minProvisionedTPS: 3 });
    const campaign = await updated(arn, "CREATE FAILED");
    assert.equal(campaign.latestCampaignUpdate.failureReason, "The campaignUpdate is to fail.");
    assert.deepEqual([campaign.status, campaign.solutionVersionArn, campaign.minProvisionedTPS], ["ACTIVE", personal, 1]);
    assert.equal(await serves(arn), "personal");
  });

  it("that failed do not answer, and can be fixed by an update or deleted", async () => {
    failing.add("campaign");
    const campaigns = ["fixed", "dropped"].map(async (name) => {
      await world.personalize.send(new CreateCampaignCommand({ name, solutionVersionArn: popular }));
      await eventually(async () => assert.equal((await describe(`${ARN}:campaign/${name}`)).status, "CREATE FAILED"));
      return `${ARN}:campaign/${name}`;
    });
    const [fixed, dropped] = await Promise.all(campaigns);
    assert.equal((await describe(fixed)).failureReason, "The campaign is to fail.");
    await assert.rejects(serves(fixed), { name: "ResourceNotFoundException", message: /CREATE FAILED/ });
    await update(fixed, {});
    await updated(fixed, "ACTIVE");
    const { status, failureReason } = await describe(fixed);
    assert.deepEqual([status, failureReason], ["ACTIVE", undefined]);
    assert.equal(await serves(fixed), "popular");
    await remove(dropped);
    await eventually(() => assert.rejects(describe(dropped), { name: "ResourceNotFoundException" }));
  });

  it("cannot be deleted before they are ACTIVE, and do not answer while they are deleted", async () => {
    world.freeze();
    await world.personalize.send(new CreateCampaignCommand({ name: "brief", solutionVersionArn: popular }));
    const arn = `${ARN}:campaign/brief`;
    await assert.rejects(remove(arn), { name: "ResourceInUseException", message: /CREATE PENDING/ });
    world.thaw();
    await eventually(async () => assert.equal((await describe(arn)).status, "ACTIVE"));
    world.freeze();
    await remove(arn);
    await assert.rejects(serves(arn), { name: "ResourceNotFoundException", message: /DELETE PENDING/ });
    await assert.rejects(remove(arn), { name: "ResourceInUseException", message: /DELETE PENDING/ });
    world.thaw();
    await eventually(() => assert.rejects(describe(arn), { name: "ResourceNotFoundException" }));
  });
});
