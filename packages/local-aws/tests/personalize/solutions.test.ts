import * as assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import {
  CreateSolutionCommand,
  type CreateSolutionRequest,
  CreateSolutionVersionCommand,
  DeleteSolutionCommand,
  DescribeSolutionCommand,
  DescribeSolutionVersionCommand,
  GetSolutionMetricsCommand,
  ListSolutionsCommand,
  ListSolutionVersionsCommand,
} from "@aws-sdk/client-personalize";
import { eventually } from "../../testing/eventually";
import { makeRecommender } from "../../testing/personalize";
import { PERSONAL, POPULARITY, TasteWorld } from "../support/tasteWorld";
import { makeSolution, train } from "../../testing/trainedRecommender";

const ARN = "arn:aws:personalize:ap-southeast-1:123456789012";

describe("solutions of the local Personalize", () => {
  let world: TasteWorld;
  let solutionArn: string;
  /** Seed of the items of training data. */
  let drawn: number | undefined;
  const settings = (changes: Partial<CreateSolutionRequest> = {}): CreateSolutionRequest => ({
    ...{ name: "s", datasetGroupArn: world.shop.datasetGroupArn, recipeArn: PERSONAL, performAutoTraining: false },
    ...changes,
  });
  const create = (changes?: Partial<CreateSolutionRequest>) => world.personalize.send(new CreateSolutionCommand(settings(changes)));
  const version = async (solutionVersionArn: string | undefined) =>
    (await world.personalize.send(new DescribeSolutionVersionCommand({ solutionVersionArn }))).solutionVersion ?? {};
  const begin = async (name: string, solution = solutionArn) =>
    (await world.personalize.send(new CreateSolutionVersionCommand({ solutionArn: solution, name }))).solutionVersionArn ?? "";
  const failed = (arn: string) =>
    eventually(async () => {
      const { status, failureReason } = await version(arn);
      assert.equal(status, "CREATE FAILED");
      return failureReason;
    });
  const metricsOf = (solutionVersionArn: string) => world.personalize.send(new GetSolutionMetricsCommand({ solutionVersionArn }));
  const models = async () => (await readdir(world.running.cloud.store("personalize").folder)).filter((file) => file.startsWith("model-"));

  before(async () => {
    world = await TasteWorld.open({
      fails: (kind, name) => (name === "doomed" ? `The ${kind} is doomed.` : undefined),
      drawnItems: () => drawn,
    });
    solutionArn = await makeSolution(world.personalize, world.shop.datasetGroupArn, "taste", PERSONAL);
  });
  after(() => world.close());

  it("are described and listed with their settings", async () => {
    const { solution = {} } = await world.personalize.send(new DescribeSolutionCommand({ solutionArn }));
    const { creationDateTime, lastUpdatedDateTime, ...rest } = solution;
    const { datasetGroupArn } = world.shop;
    const summary = { name: "taste", solutionArn: `${ARN}:solution/taste`, recipeArn: PERSONAL, status: "ACTIVE" };
    assert.deepEqual(rest, { ...summary, datasetGroupArn, performAutoTraining: false });
    const { solutions } = await world.personalize.send(new ListSolutionsCommand({ datasetGroupArn }));
    assert.deepEqual(solutions, [{ ...summary, creationDateTime, lastUpdatedDateTime }]);
    const other = await world.personalize.send(new ListSolutionsCommand({ datasetGroupArn: `${ARN}:dataset-group/other` }));
    assert.deepEqual(other.solutions, []);
  });

  it("refuse unsupported members by name", async () => {
    const refused = (changes: Partial<CreateSolutionRequest>, message: RegExp, name = "InvalidInputException") =>
      assert.rejects(create(changes), { name, message });
    await refused({ recipeArn: "arn:aws:personalize:::recipe/aws-sims" }, /'recipeArn'.*aws-popularity-count/);
    await refused({ performAutoTraining: true }, /'performAutoTraining'.*false/);
    await refused({ performAutoTraining: undefined }, /'performAutoTraining'.*false/);
    await refused({ performHPO: true }, /does not know the member performHPO/, "NotImplemented");
    await refused({ solutionConfig: {} }, /does not know the member solutionConfig/, "NotImplemented");
    await refused({ name: "with space" }, /'name'/);
    await assert.rejects(create({ datasetGroupArn: `${ARN}:dataset-group/none` }), { name: "ResourceNotFoundException" });
    await assert.rejects(create({ name: "taste" }), { name: "ResourceAlreadyExistsException", message: /solution\/taste/ });
  });

  it("pass through the service's statuses in training", async () => {
    world.freeze();
    const arn = await begin("first");
    assert.match(arn, /:solution\/taste\/[0-9a-f]{8}$/);
    assert.equal((await version(arn)).status, "CREATE PENDING");
    await assert.rejects(metricsOf(arn), { name: "ResourceInUseException" });
    world.step();
    await eventually(async () => assert.equal((await version(arn)).status, "CREATE IN PROGRESS"));
    await assert.rejects(world.personalize.send(new DeleteSolutionCommand({ solutionArn })), {
      name: "ResourceInUseException",
      message: new RegExp(arn),
    });
    world.thaw();
    await eventually(async () => assert.equal((await version(arn)).status, "ACTIVE"));
    const { creationDateTime, lastUpdatedDateTime, ...rest } = await version(arn);
    const fixed = { trainingMode: "FULL", trainingType: "MANUAL", performAutoML: false, recipeArn: PERSONAL };
    const { datasetGroupArn } = world.shop;
    assert.deepEqual(rest, { ...fixed, name: "first", solutionVersionArn: arn, solutionArn, datasetGroupArn, status: "ACTIVE" });
    const { solutionVersions } = await world.personalize.send(new ListSolutionVersionsCommand({ solutionArn }));
    const { trainingMode, trainingType } = rest;
    const summary = { solutionVersionArn: arn, status: "ACTIVE", trainingMode, trainingType, creationDateTime, lastUpdatedDateTime };
    assert.deepEqual(solutionVersions, [summary]);
    await assert.rejects(begin("first"), { name: "ResourceAlreadyExistsException" });
  });

  it("have the metrics of their data and recipe, by the service's names", async () => {
    const [one, two] = [await train(world.personalize, solutionArn, "one"), await train(world.personalize, solutionArn, "two")];
    const { metrics = {} } = await metricsOf(one);
    const depths = ["5", "10", "25"];
    const names = ["normalized_discounted_cumulative_gain_at_", "precision_at_"].flatMap((name) => depths.map((depth) => name + depth));
    assert.deepEqual(Object.keys(metrics).sort(), ["coverage", "mean_reciprocal_rank_at_25", ...names].sort());
    assert.deepEqual((await metricsOf(two)).metrics, metrics);
    const popular = await makeSolution(world.personalize, world.shop.datasetGroupArn, "popular", POPULARITY);
    const { metrics: baseline = {} } = await metricsOf(await train(world.personalize, popular, "one"));
    const NDCG = "normalized_discounted_cumulative_gain_at_25";
    assert.ok(metrics[NDCG] > baseline[NDCG], `${metrics[NDCG]} is not better than ${baseline[NDCG]}`);
  });

  it("show why training failed, and then have no metrics", async () => {
    const doomed = await begin("doomed");
    assert.equal(await failed(doomed), "The version is doomed.");
    await assert.rejects(metricsOf(doomed), { name: "ResourceInUseException", message: /CREATE FAILED/ });
    const empty = await makeRecommender(world.running.cloud, "empty");
    const arn = await begin("first", await makeSolution(world.personalize, empty.datasetGroupArn, "empty", PERSONAL));
    const reason = "Training needs at least 1000 interactions and 25 users with 2 or more, the dataset has 0 and 0.";
    assert.equal(await failed(arn), reason);
  });

  it("are not trained in other modes, nor before they are ACTIVE", async () => {
    const update = new CreateSolutionVersionCommand({ solutionArn, trainingMode: "UPDATE" });
    await assert.rejects(world.personalize.send(update), { name: "InvalidInputException", message: /'trainingMode'.*FULL/ });
    await assert.rejects(begin("x", `${ARN}:solution/none`), { name: "ResourceNotFoundException" });
    world.freeze();
    const { solutionArn: young = "" } = await create({ name: "young" });
    await assert.rejects(begin("x", young), { name: "ResourceInUseException", message: /CREATE PENDING/ });
    world.thaw();
  });

  it("are deleted with their versions and models", async () => {
    const before = await models();
    const gone = await makeSolution(world.personalize, world.shop.datasetGroupArn, "gone", POPULARITY);
    const arn = await train(world.personalize, gone, "one");
    assert.equal((await models()).length, before.length + 1);
    await world.personalize.send(new DeleteSolutionCommand({ solutionArn: gone }));
    await eventually(() => assert.rejects(version(arn), { name: "ResourceNotFoundException" }));
    await eventually(async () => assert.deepEqual(await models(), before));
    await eventually(() => makeSolution(world.personalize, world.shop.datasetGroupArn, "gone", POPULARITY));
  });

  it("learn nothing of taste from items that are drawn for them, the same with the same seed", async () => {
    const metric = "normalized_discounted_cumulative_gain_at_25";
    const values: (number | undefined)[] = [];
    const own = await makeSolution(world.personalize, world.shop.datasetGroupArn, "drawn", PERSONAL);
    for (const seed of [undefined, 7, 7, undefined]) {
      drawn = seed;
      values.push((await metricsOf(await train(world.personalize, own, `drawn-${values.length}`))).metrics?.[metric]);
    }
    const [given = 0, random = 1, again, asBefore] = values;
    assert.deepEqual([again, asBefore], [random, given]);
    assert.ok(random < given / 2, `${random} of ${given}`);
  });
});
