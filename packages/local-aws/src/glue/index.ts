import { preparePython } from "./python";
import type { Cloud, Service, ServiceFactory } from "../service";
import { DataCatalog } from "./catalog";
import { jobOperations } from "./jobOperations";
import { JobRuns, type RunOptions } from "./jobRuns";
import { Jobs } from "./jobs";
import { glueOperations } from "./operations";
import { resourceTypes } from "./resources";

/**
 * Glue: the Data Catalog, with databases and tables of the program and partitions by the API, and jobs whose Python scripts run as
 * processes of their own with nothing but their role's credentials.
 *
 * @param options start-up 60 s of the cloud's time, real minutes and the Python of `.local/venv` when nothing else is said
 */
export function makeGlue({ startMs = 60_000, minuteMs = 60_000, python = preparePython }: Partial<RunOptions> = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const catalog = new DataCatalog(cloud);
    const jobs = new Jobs(cloud);
    const runs = new JobRuns(cloud, { startMs, minuteMs, python });
    return {
      signingName: "glue",
      protocol: "json",
      resources: { ...resourceTypes(cloud, catalog), "aws:glue/job:Job": jobs.resource() },
      operations: { ...glueOperations(cloud, catalog), ...jobOperations(cloud, jobs, runs) },
      restore: async () => {
        await catalog.restore();
        await jobs.restore();
        await runs.restore();
      },
      close: () => runs.close(),
    };
  };
}

/** Glue at the pace of AWS. */
export const glue: ServiceFactory = makeGlue();
