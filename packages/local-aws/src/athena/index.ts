import type { Cloud, Service, ServiceFactory } from "../service";
import { athenaOperations } from "./operations";
import { Queries } from "./queries";
import { Workgroups } from "./workgroups";

/** How the local Athena behaves. */
export interface AthenaOptions {
  /** Milliseconds of the cloud's time that a query is QUEUED at least. @default 500 */
  queueMs?: number;
  /** Bytes that a file of UNLOAD has, about, before the next one is begun. @default 64 MiB */
  pieceBytes?: number;
}

/**
 * Athena on DuckDB: workgroups, and queries over the tables of Glue that lie in S3. A query runs as its caller,
 * in a database of its own.
 */
export function makeAthena({ queueMs = 500, pieceBytes = 64 * 2 ** 20 }: AthenaOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const workgroups = new Workgroups(cloud);
    const queries = new Queries(cloud, { queueMs, pieceBytes });
    return {
      signingName: "athena",
      protocol: "json",
      resources: { "aws:athena/workgroup:Workgroup": workgroups.resource() },
      operations: athenaOperations(cloud, workgroups, queries),
      close: () => queries.close(),
    };
  };
}
