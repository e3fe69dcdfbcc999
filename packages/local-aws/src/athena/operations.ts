import { z } from "zod";
import { operations } from "../operation";
import { paging } from "../paging";
import { ServiceError, type Cloud, type Json, type Operation } from "../service";
import { describe, outputOf } from "./describe";
import { Lake } from "./lake";
import { parseFolder, parseLocation, uriOf } from "./location";
import type { Queries, Query, QueryRequest } from "./queries";
import { decodeToken, readResults, resultSet } from "./results";
import type { Workgroups } from "./workgroups";

/** Maximum rows per page: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html */
const ROWS = 1000;
/** https://docs.aws.amazon.com/athena/latest/APIReference/API_ListQueryExecutions.html */
const PAGES = paging({ token: "NextToken", size: "MaxResults", most: 50, invalidToken: "InvalidRequestException" });
const CATALOG = "AwsDataCatalog";
const QUERY_BYTES = 262_144;

const WORKGROUP = z.string().regex(/^[a-zA-Z0-9._-]{1,128}$/);
const QUERY_ID = { QueryExecutionId: z.string().min(1).max(128) };

/** https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html */
const QUERY = {
  QueryString: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= QUERY_BYTES, `Member must have length less than or equal to ${QUERY_BYTES}`),
  WorkGroup: WORKGROUP.default("primary"),
  ClientRequestToken: z.string().min(32).max(128).optional(),
  QueryExecutionContext: z.strictObject({ Database: z.string().min(1).max(255).optional(), Catalog: z.string().optional() }).optional(),
  ResultConfiguration: z
    .strictObject({
      OutputLocation: z.string().optional(),
      ExpectedBucketOwner: z.string().length(12).optional(),
      EncryptionConfiguration: z.strictObject({ EncryptionOption: z.enum(["SSE_S3"]) }).optional(),
    })
    .optional(),
};

/** The operations of Athena; those on a query need their action on its workgroup. */
export function athenaOperations(cloud: Cloud, workgroups: Workgroups, queries: Queries): Record<string, Operation> {
  const ofQuery = ({ QueryExecutionId }: { QueryExecutionId: string }): string => workgroups.arn(queries.find(QueryExecutionId).workgroup);
  const ofGroup = ({ WorkGroup }: { WorkGroup: string }): string => workgroups.arn(WorkGroup);

  return operations(
    { service: "athena", invalid: "InvalidRequestException" },
    {
      StartQueryExecution: {
        members: QUERY,
        resources: ofGroup,
        run: (request, { principal }) => ({ QueryExecutionId: queries.start(principal, queryOf(request, workgroups)) }),
      },
      GetQueryExecution: {
        members: QUERY_ID,
        resources: ofQuery,
        run: ({ QueryExecutionId }) => ({ QueryExecution: describe(queries.find(QueryExecutionId), cloud.clock.now()) }),
      },
      StopQueryExecution: {
        members: QUERY_ID,
        resources: ofQuery,
        run: ({ QueryExecutionId }) => queries.stop(QueryExecutionId),
      },
      GetQueryResults: {
        members: {
          ...QUERY_ID,
          MaxResults: z.int().min(1).max(ROWS).default(ROWS),
          NextToken: z.string().optional(),
          QueryResultType: z.enum(["DATA_ROWS"]).optional(),
        },
        resources: ofQuery,
        run: ({ QueryExecutionId, MaxResults, NextToken }, { principal }) =>
          results(new Lake(cloud, principal), queries.find(QueryExecutionId), decodeToken(NextToken), MaxResults),
      },
      ListQueryExecutions: {
        members: { WorkGroup: WORKGROUP.default("primary"), ...PAGES.members },
        resources: ofGroup,
        run: (request) => {
          const { items, next } = PAGES.page(queries.of(workgroups.find(request.WorkGroup).name), request, {
            numberOf: ({ number }) => number,
            descending: true,
          });
          return { QueryExecutionIds: items.map(({ id }) => id), ...next };
        },
      },
      GetDataCatalog: {
        members: { Name: z.literal(CATALOG, `Member must be ${CATALOG}, the only data catalog of the local athena`) },
        resources: ({ Name }) => `arn:aws:athena:${cloud.region}:${cloud.account}:datacatalog/${Name}`,
        run: ({ Name }) => ({ DataCatalog: { Name, Type: "GLUE", Parameters: { "catalog-id": cloud.account } } }),
      },
    },
  );
}

/** A query with the settings of its workgroup. */
function queryOf(request: z.output<z.ZodObject<typeof QUERY>>, workgroups: Workgroups): QueryRequest {
  const { QueryString: text, WorkGroup, ClientRequestToken: token, QueryExecutionContext = {}, ResultConfiguration = {} } = request;
  const { Database: database, Catalog = CATALOG } = QueryExecutionContext;
  if (Catalog.toLowerCase() !== CATALOG.toLowerCase()) {
    throw invalid(`the local athena has no data catalog but ${CATALOG}, got ${Catalog}`);
  }
  const group = workgroups.find(WorkGroup);
  if (!group.enabled) throw invalid(`WorkGroup ${WorkGroup} is disabled.`);
  const { OutputLocation, ExpectedBucketOwner } = ResultConfiguration;
  const own = group.enforced || OutputLocation === undefined;
  const output = own ? group.outputLocation : OutputLocation;
  if (output === undefined) {
    throw invalid(
      "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.",
    );
  }
  const folder = parseFolder(output);
  if (folder === undefined) throw invalid(`outputLocation is not a valid S3 path: ${output}`);
  const expectedBucketOwner = own ? group.expectedBucketOwner : ExpectedBucketOwner;
  return { text, token, workgroup: WorkGroup, database, outputLocation: uriOf(folder), expectedBucketOwner, cutoff: group.cutoff };
}

async function results(lake: Lake, query: Query, from: number, count: number): Promise<Json> {
  const { state, columns = [] } = query;
  if (state === "QUEUED" || state === "RUNNING") throw invalid(`Query has not yet finished. Current state: ${state}`);
  if (state !== "SUCCEEDED") throw invalid(`Query did not finish successfully. Final query state: ${state}`);
  if (query.rows !== undefined) return { ...resultSet([], { rows: [] }), UpdateCount: query.rows };
  const location = parseLocation(outputOf(query));
  if (location === undefined) throw invalid(`Query ${query.id} has no results`);
  return resultSet(columns, await readResults(lake, location, from, count));
}

const invalid = (message: string): ServiceError => new ServiceError("InvalidRequestException", message);
