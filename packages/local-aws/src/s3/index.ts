import { join } from "node:path";
import type { ServiceFactory } from "../service";
import { Catalog } from "./catalog";
import { completeOperations } from "./complete";
import { listOperations } from "./list";
import { multipartOperations } from "./multipart";
import { objectOperations } from "./objects";
import { Permissions } from "./request";
import { bucketInvokes, resourceTypes } from "./resources";

/**
 * Amazon S3 at path-style addresses: bytes in files, metadata in memory. A key has its newest object only.
 * Buckets come from resources, never from requests.
 */
export const s3: ServiceFactory = (cloud) => {
  const catalog = new Catalog(() => join(cloud.store("s3").folder, "blobs"));
  const permissions = new Permissions(catalog);
  return {
    signingName: "s3",
    protocol: "restXml",
    resources: resourceTypes(cloud, catalog),
    operations: {
      ...listOperations(cloud, catalog, permissions),
      ...objectOperations(cloud, catalog, permissions),
      ...multipartOperations(cloud, catalog, permissions),
      ...completeOperations(cloud, catalog, permissions),
    },
    invokes: bucketInvokes(cloud, catalog),
  };
};
