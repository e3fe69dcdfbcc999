import type { Cloud, Service, ServiceFactory } from "../service";
import { athenaOperations } from "./operations";
import { Queries } from "./queries";
import { Workgroups } from "./workgroups";

/** How the local Athena behaves. */
export interface AthenaOptions {
  /** Minimum time that a query is QUEUED, in milliseconds of the cloud's time. @default 500 */
  queueMs?: number;
  /** Approximate size of UNLOAD's files, in bytes. @default 64 MiB */
  pieceBytes?: number;
}

/**
 * Athena on DuckDB: workgroups, and queries over Glue tables in S3. A query runs as its caller,
 * in its own database.
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
