import type { ServiceFactory } from "../service";
import { DataCatalog } from "./catalog";
import { glueOperations } from "./operations";
import { resourceTypes } from "./resources";

/** The Glue Data Catalog: databases and tables of the program, partitions by the API. */
export const glue: ServiceFactory = (cloud) => {
  const catalog = new DataCatalog(cloud);
  return {
    signingName: "glue",
    protocol: "json",
    resources: resourceTypes(cloud, catalog),
    operations: glueOperations(cloud, catalog),
    restore: () => catalog.restore(),
  };
};
