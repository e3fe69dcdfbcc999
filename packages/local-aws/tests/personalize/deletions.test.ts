import * as assert from "node:assert/strict";
import {
  DeleteCampaignCommand,
  DeleteDatasetCommand,
  DeleteDatasetGroupCommand,
  DeleteEventTrackerCommand,
  DeleteSolutionCommand,
  DescribeCampaignCommand,
  DescribeDatasetCommand,
  DescribeDatasetGroupCommand,
  DescribeEventTrackerCommand,
  DescribeSolutionCommand,
  PersonalizeClient,
} from "@aws-sdk/client-personalize";
import type { Json } from "../../src/service";
import { eventually } from "../../testing/eventually";
import { ImportWorld } from "../support/importWorld";
import { makeRecommender, makeThroughCloudControl, type Recommender } from "../../testing/personalize";
import { historyFile, enoughRows } from "../../testing/interactionRows";
import { makeSolution, serve, train } from "../../testing/trainedRecommender";

/** Calls that delete and describe each kind by ARN. */
const calls = (personalize: PersonalizeClient) => {
  const kind = (remove: (arn: string) => Promise<unknown>, describe: (arn: string) => Promise<object>) => ({ remove, describe });
  return {
    tracker: kind(
      (eventTrackerArn) => personalize.send(new DeleteEventTrackerCommand({ eventTrackerArn })),
      (eventTrackerArn) => personalize.send(new DescribeEventTrackerCommand({ eventTrackerArn })),
    ),
    dataset: kind(
      (datasetArn) => personalize.send(new DeleteDatasetCommand({ datasetArn })),
      (datasetArn) => personalize.send(new DescribeDatasetCommand({ datasetArn })),
    ),
    group: kind(
      (datasetGroupArn) => personalize.send(new DeleteDatasetGroupCommand({ datasetGroupArn })),
      (datasetGroupArn) => personalize.send(new DescribeDatasetGroupCommand({ datasetGroupArn })),
    ),
    solution: kind(
      (solutionArn) => personalize.send(new DeleteSolutionCommand({ solutionArn })),
      (solutionArn) => personalize.send(new DescribeSolutionCommand({ solutionArn })),
    ),
    campaign: kind(
      (campaignArn) => personalize.send(new DeleteCampaignCommand({ campaignArn })),
      (campaignArn) => personalize.send(new DescribeCampaignCommand({ campaignArn })),
    ),
  };
};
type Kind = keyof ReturnType<typeof calls>;

describe("deletions of the local Personalize", () => {
  let world: ImportWorld;
  let shop: Recommender;
  let arns: Record<Kind, string>;
  const of = (kind: Kind) => calls(world.personalize)[kind];
  const refused = (kind: Kind, by: string): Promise<void> =>
    assert.rejects(of(kind).remove(arns[kind]), { name: "ResourceInUseException", message: new RegExp(by) });
  const statusOf = async (kind: Kind): Promise<unknown> => {
    const [described] = Object.values(await of(kind).describe(arns[kind])) as { status?: string }[];
    return described.status;
  };
  /** Deletes a resource and returns the statuses that it had until it disappeared. */
  const remove = async (kind: Kind): Promise<unknown[]> => {
    await of(kind).remove(arns[kind]);
    const seen = new Set<unknown>();
    const look = async (): Promise<void> => {
      seen.add(await statusOf(kind));
      throw new Error(`${arns[kind]} is still there`);
    };
    await eventually(() => assert.rejects(look(), { name: "ResourceNotFoundException" }));
    return [...seen];
  };
  const DELETING = ["DELETE PENDING", "DELETE IN PROGRESS"];

  before(async () => {
    world = await ImportWorld.open({ creationMs: 100 });
    shop = world.shop;
    arns = {
      tracker: shop.trackerArn,
      dataset: shop.datasetArn,
      group: shop.datasetGroupArn,
      solution: "",
      campaign: "",
    };
  });
  after(() => world.close());

  it("wait for an import that is in progress", async () => {
    const other = await makeRecommender(world.running.cloud, "busy");
    await calls(world.personalize)
      .tracker.remove(other.trackerArn)
      .catch(() => undefined);
    await eventually(() =>
      assert.rejects(calls(world.personalize).tracker.remove(other.trackerArn), { name: "ResourceNotFoundException" }),
    );
    await world.put(historyFile(enoughRows()));
    const job = await world.begin({ datasetArn: other.datasetArn });
    const removal = () => world.personalize.send(new DeleteDatasetCommand({ datasetArn: other.datasetArn }));
    await assert.rejects(removal(), { name: "ResourceInUseException", message: /dataset-import-job\/job-1/ });
    assert.equal((await world.end(job)).status, "ACTIVE");
    await removal();
    const late = world.begin({ datasetArn: other.datasetArn });
    await assert.rejects(late, { name: "ResourceInUseException", message: /dataset\/busy\/INTERACTIONS is in status DELETE PENDING/ });
  });

  it("need the service's order, and pass through its statuses", async () => {
    await world.import();
    arns.solution = await makeSolution(world.personalize, shop.datasetGroupArn, "shop");
    arns.campaign = await serve(world.personalize, await train(world.personalize, arns.solution, "first"), "shop");

    await refused("group", "event-tracker");
    await refused("dataset", "event-tracker");
    await refused("solution", "campaign/shop");
    assert.deepEqual(await remove("tracker"), DELETING);
    await refused("dataset", "campaign/shop");
    assert.deepEqual(await remove("campaign"), DELETING);
    await refused("group", "solution/shop");
    assert.deepEqual(await remove("dataset"), DELETING);
    await refused("group", "solution/shop");
    assert.deepEqual(await remove("solution"), DELETING);
    assert.deepEqual(await remove("group"), DELETING);
  });

  it("free the names, and leave no data", async () => {
    const { cloud } = world.running;
    const created = (kind: string, desired: Json) =>
      makeThroughCloudControl(cloud, `AWS::Personalize::${kind}`, { Name: "shop", ...desired });
    const { id: DatasetGroupArn } = await created("DatasetGroup", {});
    const { id: datasetArn } = await created("Dataset", { DatasetType: "Interactions", DatasetGroupArn, SchemaArn: shop.schemaArn });
    const { id: trackerArn } = await created("EventTracker", { DatasetGroupArn });
    shop = { ...shop, datasetGroupArn: DatasetGroupArn, datasetArn, trackerArn };
    assert.deepEqual([shop.datasetGroupArn, shop.datasetArn], [arns.group, arns.dataset]);
    assert.notEqual(shop.trackerArn, arns.tracker);
    const incremental = world.begin({ importMode: "INCREMENTAL", datasetArn: shop.datasetArn });
    await assert.rejects(incremental, { name: "InvalidInputException", message: /first import/ });
  });

  it("exclude a resource from further use at once", async () => {
    const { cloud } = world.running;
    const { id } = await makeThroughCloudControl(cloud, "AWS::Personalize::DatasetGroup", { Name: "going" });
    await of("group").remove(id);
    const desired = { Name: "d", DatasetType: "Interactions", DatasetGroupArn: id, SchemaArn: shop.schemaArn };
    const late = makeThroughCloudControl(cloud, "AWS::Personalize::Dataset", desired);
    await assert.rejects(late, { name: "ResourceInUseException", message: /dataset-group\/going is in status DELETE PENDING/ });
    await assert.rejects(of("group").remove(id), { name: "ResourceInUseException", message: /DELETE/ });
    const taken = makeThroughCloudControl(cloud, "AWS::Personalize::DatasetGroup", { Name: "going" });
    await assert.rejects(taken, { name: "ResourceAlreadyExistsException" });
  });

  it("refuse unknown resources and members", async () => {
    const { cloud, owner } = world.running;
    for (const kind of ["tracker", "dataset", "group"] as const) {
      await assert.rejects(of(kind).remove(`${arns[kind]}-none`), { name: "ResourceNotFoundException" }, kind);
    }
    const odd = cloud.call(owner, "personalize", "DeleteDataset", { datasetArn: shop.datasetArn, force: true });
    await assert.rejects(odd, { name: "NotImplemented", message: /force/ });
  });

  it("need their action on the resource itself", async () => {
    const { running } = world;
    const Resource = shop.datasetArn.replace("shop", "other");
    const policy = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "personalize:Delete*", Resource }] };
    const { id } = await running.cloud.create("aws:iam/policy:Policy", { name: "deletes", policy }, "urn:deletes");
    const client = new PersonalizeClient({ ...running.clientOf(running.user("deletes", [id])), maxAttempts: 1 });
    await assert.rejects(calls(client).dataset.remove(shop.datasetArn), {
      name: "AccessDeniedException",
      message: /personalize:DeleteDataset on arn:aws:personalize:.*:dataset\/shop\/INTERACTIONS/,
    });
    await assert.rejects(calls(client).dataset.remove(Resource), { name: "ResourceNotFoundException" });
    client.destroy();
  });
});
