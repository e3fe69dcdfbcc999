import { join } from "node:path";
import type { Cloud, Service, ServiceFactory } from "../service";
import { DataCatalog } from "./catalog";
import { catalogOperations } from "./catalogOperations";
import { catalogResources } from "./catalogResources";
import { jobOperations } from "./jobOperations";
import { JobRuns, type RunOptions } from "./jobRuns";
import { Jobs } from "./jobs";
import { preparePython } from "./python";

/** How the local Glue behaves. */
export interface GlueOptions extends Partial<RunOptions> {
  /** @default 60_000 */
  startMs?: number;
  /** @default 60_000 */
  minuteMs?: number;
  /** @default a virtual environment in the service's state, made when the first job runs */
  python?: RunOptions["python"];
}

/**
 * Glue: the Data Catalog, and jobs whose Python scripts run as processes of their own, with nothing but their role's credentials.
 */
export function makeGlue(options: GlueOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const { startMs = 60_000, minuteMs = 60_000 } = options;
    const { python = () => preparePython({ folder: join(cloud.store("glue").folder, "venv") }) } = options;
    const catalog = new DataCatalog();
    const jobs = new Jobs(cloud);
    const runs = new JobRuns(cloud, { startMs, minuteMs, python });
    return {
      signingName: "glue",
      protocol: "json",
      resources: { ...catalogResources(cloud, catalog), "aws:glue/job:Job": jobs.resource() },
      operations: { ...catalogOperations(cloud, catalog), ...jobOperations(cloud, jobs, runs) },
      close: () => runs.close(),
    };
  };
}

/** Glue at the pace of AWS. */
export const glue: ServiceFactory = makeGlue();
