import { z } from "zod";
import { type Definition, type Dialect, operations } from "../operation";
import { paging } from "../paging";
import type { Json, Operation } from "../service";
import {
  CAMPAIGN,
  DATASET,
  DATASET_GROUP,
  EVENT_TRACKER,
  IMPORT_JOB,
  inUse,
  isBusy,
  type Lifecycle,
  type Resource,
  SOLUTION,
  SOLUTION_VERSION,
} from "./lifecycle";

/** Every operation of Personalize, PersonalizeEvents and PersonalizeRuntime. */
export const DIALECT: Dialect = { service: "personalize", invalid: "InvalidInputException" };

/** Members of requests: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateSolution.html */
export const NAME = z
  .string()
  .max(63)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9\-_]*$/);
export const ARN = z
  .string()
  .max(256)
  .regex(/^arn:[^:]+:[^:]+:.*:.*:.+$/);
export const TAGS = z
  .array(z.strictObject({ tagKey: z.string(), tagValue: z.string() }))
  .max(50)
  .optional();

/** https://docs.aws.amazon.com/personalize/latest/dg/API_ListSolutions.html */
const PAGES = paging({ token: "nextToken", size: "maxResults", most: 100, invalidToken: "InvalidNextTokenException" });

/** Attributes and properties that no answer shows. */
const HIDDEN = ["Tags", "File", "Metrics"];

/** How operations describe and list a type of resource. */
interface Kind {
  type: string;
  /** Its name in requests and answers, for example `solution`. */
  member: string;
  list?: {
    /** The member that restricts the list to one other resource. */
    parent: string;
    parentOf: (resource: Resource) => unknown;
    /** Shown besides status and times: https://docs.aws.amazon.com/personalize/latest/dg/API_Types.html */
    shown: string[];
  };
}

const KINDS: Kind[] = [
  { type: DATASET_GROUP, member: "datasetGroup" },
  {
    type: DATASET,
    member: "dataset",
    list: {
      parent: "datasetGroupArn",
      parentOf: ({ properties }) => properties.DatasetGroupArn,
      shown: ["Name", "DatasetArn", "DatasetType"],
    },
  },
  { type: EVENT_TRACKER, member: "eventTracker" },
  {
    type: IMPORT_JOB,
    member: "datasetImportJob",
    list: {
      parent: "datasetArn",
      parentOf: ({ properties }) => properties.DatasetArn,
      shown: ["DatasetImportJobArn", "JobName", "ImportMode"],
    },
  },
  {
    type: SOLUTION,
    member: "solution",
    list: {
      parent: "datasetGroupArn",
      parentOf: ({ properties }) => properties.DatasetGroupArn,
      shown: ["Name", "SolutionArn", "RecipeArn"],
    },
  },
  {
    type: SOLUTION_VERSION,
    member: "solutionVersion",
    list: {
      parent: "solutionArn",
      parentOf: ({ properties }) => properties.SolutionArn,
      shown: ["SolutionVersionArn", "TrainingMode", "TrainingType"],
    },
  },
  {
    type: CAMPAIGN,
    member: "campaign",
    list: {
      parent: "solutionArn",
      parentOf: ({ properties }) => String(properties.SolutionVersionArn).replace(/\/[^/]*$/, ""),
      shown: ["Name", "CampaignArn"],
    },
  },
];

/**
 * DescribeX and ListX of every kind, and the deletions of what Cloud Control created.
 *
 * @see https://docs.aws.amazon.com/personalize/latest/dg/API_Operations_Amazon_Personalize.html
 */
export function sharedOperations(lifecycle: Lifecycle): Record<string, Operation> {
  const definitions: Record<string, Definition<Record<string, typeof ARN>>> = {};
  const lists: Record<string, Definition<z.ZodRawShape>> = {};
  for (const { type, member, list } of KINDS) {
    const key = `${member}Arn`;
    const resources = (request: Json) => String(request[key]);
    const run = (request: Json) => ({ [member]: describe(lifecycle.find(type, request[key])) });
    definitions[`Describe${upperFirst(member)}`] = { members: { [key]: ARN }, resources, run };
    if (list) lists[`List${upperFirst(member)}s`] = listOf(lifecycle, type, `${member}s`, list);
    const blocker = BLOCKERS[type];
    if (!blocker) continue;
    const remove = (request: Json): void => {
      const resource = lifecycle.ended(type, request[key]);
      const blocking = blocker(lifecycle, resource);
      if (blocking) throw inUse(`${resource.arn} cannot be deleted before ${blocking.arn}, which is in status ${blocking.status}.`);
      lifecycle.remove(resource);
    };
    definitions[`Delete${upperFirst(member)}`] = { members: { [key]: ARN }, resources, run: remove };
  }
  return { ...operations(DIALECT, definitions), ...operations(DIALECT, lists) };
}

function listOf(lifecycle: Lifecycle, type: string, members: string, list: NonNullable<Kind["list"]>): Definition<z.ZodRawShape> {
  const { parent, parentOf, shown } = list;
  return {
    members: { ...PAGES.members, [parent]: ARN.optional() },
    resources: () => "*",
    run: (request) => {
      const all = lifecycle.all(type).filter((resource) => request[parent] === undefined || parentOf(resource) === request[parent]);
      const { items, next } = PAGES.page(all, request, { numberOf: ({ number }) => number });
      return { [members]: items.map((item) => ({ ...membersOf(item, (name) => shown.includes(name)), ...condition(item) })), ...next };
    },
  };
}

/**
 * What must be deleted, or must end, before a resource can be deleted: trackers and campaigns before their dataset, all before their group.
 *
 * @see https://docs.aws.amazon.com/personalize/latest/dg/delete-dataset.html, https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteDatasetGroup.html
 */
const BLOCKERS: Partial<Record<string, (lifecycle: Lifecycle, resource: Resource) => Resource | undefined>> = {
  [EVENT_TRACKER]: () => undefined,
  [DATASET]: (lifecycle, { arn, properties: { DatasetGroupArn } }) => {
    const versions = lifecycle.all(SOLUTION_VERSION, { DatasetGroupArn });
    const serves = ({ properties }: Resource) => versions.some((version) => version.arn === properties.SolutionVersionArn);
    return (
      lifecycle.all(EVENT_TRACKER, { DatasetGroupArn }).at(0) ??
      lifecycle.all(CAMPAIGN).find(serves) ??
      [...lifecycle.all(IMPORT_JOB, { DatasetArn: arn }), ...versions].find(isBusy)
    );
  },
  [DATASET_GROUP]: (lifecycle, { arn }) =>
    [EVENT_TRACKER, SOLUTION, DATASET].flatMap((type) => lifecycle.all(type, { DatasetGroupArn: arn })).at(0),
};

function describe(resource: Resource): Json {
  const account = resource.type === EVENT_TRACKER ? { accountId: resource.arn.split(":")[4] } : {};
  return { ...membersOf(resource, (name) => !HIDDEN.includes(name)), ...account, ...condition(resource) };
}

function condition({ status, failureReason, createdAt, updatedAt }: Resource): Json {
  const reason = failureReason === undefined ? {} : { failureReason };
  return { status, ...reason, creationDateTime: createdAt / 1000, lastUpdatedDateTime: updatedAt / 1000 };
}

/** Properties and attributes in camelCase, as answers show them. */
function membersOf({ properties, attributes }: Resource, isShown: (name: string) => boolean): Json {
  const shown = Object.entries({ ...properties, ...attributes }).filter(([name]) => isShown(name));
  return Object.fromEntries(shown.map(([name, value]) => [name[0].toLowerCase() + name.slice(1), value]));
}

/** Members of a request in PascalCase, as resources keep them. */
export const asProperties = (request: object): Json =>
  Object.fromEntries(Object.entries(request).map(([name, value]) => [upperFirst(name), value]));

const upperFirst = (text: string): string => text[0].toUpperCase() + text.slice(1);
