import type { Json } from "../service";
import type { Query } from "./queries";

/** URI of a query's result. An UNLOAD has no result file, only a manifest whose URI starts like this. */
export const outputOf = ({ outputLocation, id, manifest }: Query): string =>
  manifest === undefined ? `${outputLocation}${id}.csv` : `${outputLocation}${id}`;

/**
 * A query as GetQueryExecution shows it.
 *
 * @param now epoch milliseconds
 */
export function describe(query: Query, now: number): Json {
  const { submittedAt, startedAt, completedAt } = query;
  const end = completedAt ?? now;
  return {
    QueryExecutionId: query.id,
    Query: query.text,
    StatementType: "DML",
    WorkGroup: query.workgroup,
    ResultConfiguration: { OutputLocation: outputOf(query), ExpectedBucketOwner: query.expectedBucketOwner },
    QueryExecutionContext: { Database: query.database, Catalog: "awsdatacatalog" },
    Status: {
      State: query.state,
      StateChangeReason: query.reason,
      SubmissionDateTime: submittedAt / 1000,
      CompletionDateTime: completedAt === undefined ? undefined : completedAt / 1000,
      AthenaError: query.athenaError,
    },
    Statistics: {
      EngineExecutionTimeInMillis: startedAt === undefined ? 0 : end - startedAt,
      DataScannedInBytes: query.scanned,
      DataManifestLocation: query.manifest,
      TotalExecutionTimeInMillis: end - submittedAt,
      QueryQueueTimeInMillis: (startedAt ?? end) - submittedAt,
    },
    EngineVersion: { SelectedEngineVersion: "AUTO", EffectiveEngineVersion: "Athena engine version 3" },
  };
}
