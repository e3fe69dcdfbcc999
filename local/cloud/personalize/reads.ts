import type { Json, Operation } from "../service";
import { ServiceError } from "../service";
import type { ControlPlane, Made } from "./controlPlane";
import { DATASET, DATASET_GROUP, EVENT_TRACKER, SCHEMA } from "./controlPlane";

const PAGE = 100;
/** Parameters of every List operation. */
const PAGING = ["maxResults", "nextToken"];

/**
 * DescribeX and ListX of the four resource types, called by X-Amz-Target `AmazonPersonalize.*`.
 *
 * @see https://docs.aws.amazon.com/personalize/latest/dg/API_Operations_Amazon_Personalize.html
 */
export function readOperations(plane: ControlPlane): Record<string, Operation> {
  return {
    DescribeDatasetGroup: describe(plane, DATASET_GROUP, "datasetGroup"),
    DescribeSchema: describe(plane, SCHEMA, "schema"),
    DescribeDataset: describe(plane, DATASET, "dataset"),
    DescribeEventTracker: describe(plane, EVENT_TRACKER, "eventTracker"),
    ListDatasetGroups: list(plane, DATASET_GROUP, "datasetGroups"),
    ListSchemas: list(plane, SCHEMA, "schemas"),
    ListDatasets: list(plane, DATASET, "datasets", ["datasetGroupArn"]),
    ListEventTrackers: list(plane, EVENT_TRACKER, "eventTrackers", ["datasetGroupArn"]),
  };
}

function describe(plane: ControlPlane, type: string, member: string): Operation {
  const key = `${member}Arn`;
  return {
    needs: (input) => [{ action: `personalize:Describe${upperFirst(member)}`, resource: String(input[key]) }],
    run: async (input) => {
      refuseUnknown(input, [key]);
      return { output: { [member]: details(plane.find(type, input[key])) } };
    },
  };
}

function list(plane: ControlPlane, type: string, member: string, filters: string[] = []): Operation {
  return {
    needs: () => [{ action: `personalize:List${upperFirst(member)}`, resource: "*" }],
    run: async (input) => {
      refuseUnknown(input, [...PAGING, ...filters]);
      const size = input.maxResults ?? PAGE;
      if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > PAGE) {
        throw new ServiceError(
          "InvalidInputException",
          `maxResults must be a whole number from 1 to ${PAGE}, got ${JSON.stringify(size)}.`,
        );
      }
      const from = Number(input.nextToken ?? 0);
      if (!Number.isInteger(from)) throw new ServiceError("InvalidNextTokenException", "The token is not valid.");
      const to = from + (size as number);
      const where = Object.fromEntries(filters.filter((key) => input[key] !== undefined).map((key) => [upperFirst(key), input[key]]));
      const all = plane.all(type, where);
      return { output: { [member]: all.slice(from, to).map(summary), ...(to < all.length ? { nextToken: String(to) } : {}) } };
    },
  };
}

/** What only a description shows. */
const DETAILS = ["Schema", "TrackingId"];

function details(made: Made): Json {
  const account = made.type === EVENT_TRACKER ? { accountId: made.arn.split(":")[4] } : {};
  return { ...members(made, ["Tags"]), ...account, ...condition(made) };
}

const summary = (made: Made): Json => ({ ...members(made, ["Tags", ...DETAILS]), ...condition(made) });

function members({ properties, attributes }: Made, hidden: string[]): Json {
  const shown = Object.entries({ ...properties, ...attributes }).filter(([key]) => !hidden.includes(key));
  return Object.fromEntries(shown.map(([key, value]) => [key[0].toLowerCase() + key.slice(1), value]));
}

const condition = ({ type, status, createdAt }: Made): Json => ({
  ...(type === SCHEMA ? {} : { status }),
  creationDateTime: createdAt / 1000,
  lastUpdatedDateTime: createdAt / 1000,
});

function refuseUnknown(input: Json, known: string[]): void {
  const unknown = Object.keys(input).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new ServiceError("InvalidInputException", `The local cloud does not know the parameter ${unknown}.`);
}

const upperFirst = (text: string): string => text[0].toUpperCase() + text.slice(1);
