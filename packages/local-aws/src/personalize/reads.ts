import { z } from "zod";
import type { Json, Operation } from "../service";
import { ServiceError } from "../service";
import { DATASET, DATASET_GROUP, EVENT_TRACKER, SCHEMA } from "./controlPlane";
import type { Lifecycle, Made } from "./lifecycle";
import { ARN, asMembers, PAGING, read } from "./requests";

/** What no answer shows. */
const HIDDEN = ["Tags", "File", "Metrics"];

/** What lists show beside status and times: https://docs.aws.amazon.com/personalize/latest/dg/API_Types.html */
const SUMMARIES: Record<string, readonly string[]> = {
  datasetGroup: ["Name", "DatasetGroupArn", "Domain"],
  schema: ["Name", "SchemaArn", "Domain"],
  dataset: ["Name", "DatasetArn", "DatasetType"],
  eventTracker: ["Name", "EventTrackerArn"],
  datasetImportJob: ["DatasetImportJobArn", "JobName", "ImportMode"],
  solution: ["Name", "SolutionArn", "RecipeArn"],
  solutionVersion: ["SolutionVersionArn", "TrainingMode", "TrainingType"],
  campaign: ["Name", "CampaignArn"],
};

/** How a kind of resource is described and listed. */
export interface Kind {
  type: string;
  /** As descriptions call one, for example `datasetGroup`. */
  member: string;
  /** As lists call them, for example `datasetGroups`. */
  members: string;
  /** Parameter of the list that picks those of one other resource, and whether a resource is of it. */
  filter?: { parameter: string; holds: (made: Made, value: string) => boolean };
}

const byProperty = (parameter: string, property: string): Kind["filter"] => ({
  parameter,
  holds: ({ properties }, value) => properties[property] === value,
});

/**
 * DescribeX and ListX of every kind, called by X-Amz-Target `AmazonPersonalize.*`.
 *
 * @see https://docs.aws.amazon.com/personalize/latest/dg/API_Operations_Amazon_Personalize.html
 */
export function readOperations(lifecycle: Lifecycle, kinds: readonly Kind[]): Record<string, Operation> {
  const all: Kind[] = [
    { type: DATASET_GROUP, member: "datasetGroup", members: "datasetGroups" },
    { type: SCHEMA, member: "schema", members: "schemas" },
    { type: DATASET, member: "dataset", members: "datasets", filter: byProperty("datasetGroupArn", "DatasetGroupArn") },
    { type: EVENT_TRACKER, member: "eventTracker", members: "eventTrackers", filter: byProperty("datasetGroupArn", "DatasetGroupArn") },
    ...kinds,
  ];
  return Object.fromEntries(
    all.flatMap((kind) => [
      [`Describe${upperFirst(kind.member)}`, describe(lifecycle, kind)],
      [`List${upperFirst(kind.members)}`, list(lifecycle, kind)],
    ]),
  );
}

function describe(lifecycle: Lifecycle, { type, member }: Kind): Operation {
  const key = `${member}Arn`;
  const shape = z.strictObject({ [key]: ARN });
  return {
    permissions: (input) => [{ action: `personalize:Describe${upperFirst(member)}`, resource: String(input[key]) }],
    run: async (input) => ({ output: { [member]: details(lifecycle.find(type, read(shape, input)[key])) } }),
  };
}

function list(lifecycle: Lifecycle, { type, member, members, filter }: Kind): Operation {
  const shape = z.strictObject({ ...PAGING, ...(filter && { [filter.parameter]: ARN.optional() }) });
  return {
    permissions: () => [{ action: `personalize:List${upperFirst(members)}`, resource: "*" }],
    run: async (input) => {
      const { maxResults, nextToken, ...given } = read(shape, input) as { maxResults: number; nextToken?: string } & Json;
      const from = Number(nextToken ?? 0);
      if (!Number.isInteger(from)) throw new ServiceError("InvalidNextTokenException", "The token is not valid.");
      const value = filter && given[filter.parameter];
      const chosen = lifecycle.all(type).filter((made) => typeof value !== "string" || filter?.holds(made, value));
      const to = from + maxResults;
      const page = chosen
        .slice(from, to)
        .map((made) => ({ ...shown(made, (name) => SUMMARIES[member].includes(name)), ...condition(made) }));
      return { output: { [members]: page, ...(to < chosen.length ? { nextToken: String(to) } : {}) } };
    },
  };
}

function details(made: Made): Json {
  const account = made.type === EVENT_TRACKER ? { accountId: made.arn.split(":")[4] } : {};
  return { ...shown(made, (name) => !HIDDEN.includes(name)), ...account, ...condition(made) };
}

function shown({ properties, attributes }: Made, isShown: (name: string) => boolean): Json {
  return asMembers(Object.fromEntries(Object.entries({ ...properties, ...attributes }).filter(([name]) => isShown(name))));
}

const condition = ({ type, status, failureReason, createdAt, updatedAt }: Made): Json => ({
  ...(type === SCHEMA ? {} : { status }),
  ...(failureReason === undefined ? {} : { failureReason }),
  creationDateTime: createdAt / 1000,
  lastUpdatedDateTime: updatedAt / 1000,
});

const upperFirst = (text: string): string => text[0].toUpperCase() + text.slice(1);
