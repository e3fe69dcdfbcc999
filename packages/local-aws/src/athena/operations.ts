import type { Call, Cloud, Json, Operation } from "../service";
import { ServiceError } from "../service";
import { Lake } from "./lake";
import { parseLocation } from "./location";
import type { Queries, Query } from "./queries";
import { describe, outputOf } from "./describe";
import { decodeToken, readResults, resultSet } from "./results";
import { settingsOf } from "./start";
import type { Workgroups } from "./workgroups";

/** Most rows of one page: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html */
const ROWS = 1000;
/** Most queries of one page: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListQueryExecutions.html */
const QUERIES = 50;
const CATALOG = "AwsDataCatalog";

/** The operations of Athena; those on a query need their action on its workgroup. */
export function athenaOperations(cloud: Cloud, workgroups: Workgroups, queries: Queries): Record<string, Operation> {
  const operation = (
    name: string,
    known: string[],
    resource: (input: Json) => string,
    answer: (input: Json, call: Call) => Promise<Json> | Json,
  ): Operation => ({
    permissions: (input) => [{ action: `athena:${name}`, resource: resource(input) }],
    run: async (input, call) => {
      refuseUnknown(name, input, known);
      return { output: await answer(input, call) };
    },
  });
  const ofGroup = (input: Json): string => workgroups.arn(groupOf(input));
  const ofQuery = ({ QueryExecutionId }: Json): string => workgroups.arn(queries.find(QueryExecutionId).workgroup);
  const ofCatalog = ({ Name }: Json): string => `arn:aws:athena:${cloud.region}:${cloud.account}:datacatalog/${String(Name)}`;
  const ID = ["QueryExecutionId"];

  return {
    StartQueryExecution: operation("StartQueryExecution", STARTING, ofGroup, async (input, { principal }) => ({
      QueryExecutionId: await queries.start(principal, settingsOf(input, workgroups)),
    })),
    GetQueryExecution: operation("GetQueryExecution", ID, ofQuery, (input) => ({
      QueryExecution: describe(queries.find(input.QueryExecutionId), cloud.clock.now()),
    })),
    StopQueryExecution: operation("StopQueryExecution", ID, ofQuery, async (input) => {
      await queries.stop(input.QueryExecutionId);
      return {};
    }),
    GetQueryResults: operation("GetQueryResults", [...ID, ...PAGING, "QueryResultType"], ofQuery, (input, { principal }) =>
      results(new Lake(cloud, principal), queries.find(input.QueryExecutionId), input),
    ),
    ListQueryExecutions: operation("ListQueryExecutions", ["WorkGroup", ...PAGING], ofGroup, (input) => {
      const all = queries.of(workgroups.find(groupOf(input)).name);
      const from = Number(input.NextToken ?? 0);
      const to = from + sizeOf(input, QUERIES);
      return { QueryExecutionIds: all.slice(from, to).map(({ id }) => id), ...(to < all.length ? { NextToken: String(to) } : {}) };
    }),
    GetDataCatalog: operation("GetDataCatalog", ["Name"], ofCatalog, ({ Name }) => {
      if (Name !== CATALOG) throw invalid(`the local athena has no data catalog but ${CATALOG}, got ${JSON.stringify(Name)}`);
      return { DataCatalog: { Name: CATALOG, Type: "GLUE", Parameters: { "catalog-id": cloud.account } } };
    }),
  };
}

const groupOf = ({ WorkGroup = "primary" }: Json): string => String(WorkGroup);
const PAGING = ["MaxResults", "NextToken"];
const STARTING = ["QueryString", "WorkGroup", "QueryExecutionContext", "ResultConfiguration", "ClientRequestToken"];

async function results(lake: Lake, query: Query, input: Json): Promise<Json> {
  const { state, columns = [] } = query;
  if (input.QueryResultType !== undefined && input.QueryResultType !== "DATA_ROWS") {
    throw invalid(`the local athena does not know the QueryResultType ${JSON.stringify(input.QueryResultType)}`);
  }
  const count = sizeOf(input, ROWS);
  if (state === "QUEUED" || state === "RUNNING") throw invalid(`Query has not yet finished. Current state: ${state}`);
  if (state !== "SUCCEEDED") throw invalid(`Query did not finish successfully. Final query state: ${state}`);
  if (query.rows !== undefined) return { ...resultSet([], { rows: [] }), UpdateCount: query.rows };
  const location = parseLocation(outputOf(query));
  if (location === undefined) throw invalid(`Query ${query.id} has no results`);
  return resultSet(columns, await readResults(lake, location, decodeToken(input.NextToken), count));
}

function sizeOf({ MaxResults }: Json, most: number): number {
  const size = MaxResults ?? most;
  if (typeof size !== "number" || !Number.isInteger(size) || size < 1 || size > most) {
    throw invalid(`MaxResults must be a whole number from 1 to ${most}, got ${JSON.stringify(size)}`);
  }
  return size;
}

function refuseUnknown(name: string, input: Json, known: readonly string[]): void {
  const unknown = Object.keys(input).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new ServiceError("NotImplemented", `the local athena does not know the member ${unknown} of ${name}`, 501);
}

const invalid = (message: string): ServiceError => new ServiceError("InvalidRequestException", message);
