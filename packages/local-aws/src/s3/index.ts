import type { ServiceFactory } from "../service";
import { bucketInvokes } from "./attributes";
import { bucketOperations } from "./buckets";
import { Catalog } from "./catalog";
import { completeOperations } from "./complete";
import { deleteOperations } from "./delete";
import { listOperations } from "./list";
import { multipartOperations } from "./multipart";
import { Permissions } from "./permissions";
import { objectResource } from "./objectResource";
import { readOperations } from "./read";
import { resourceTypes } from "./resources";
import { writeOperations } from "./write";

/**
 * Amazon S3 on disk, at path-style addresses. Bodies are streamed to and from blob files; metadata is a journal
 * that is replayed into memory. A key holds its newest object only. Buckets come from resources, never from requests.
 */
export const s3: ServiceFactory = (cloud) => {
  const catalog = new Catalog(cloud.store("s3"));
  const permissions = new Permissions(catalog);
  return {
    signingName: "s3",
    protocol: "restXml",
    resources: { ...resourceTypes(cloud, catalog), ...objectResource(cloud, catalog) },
    operations: {
      ...bucketOperations(cloud, catalog, permissions),
      ...listOperations(cloud, catalog, permissions),
      ...readOperations(cloud, catalog, permissions),
      ...writeOperations(cloud, catalog, permissions),
      ...deleteOperations(cloud, catalog, permissions),
      ...multipartOperations(cloud, catalog, permissions),
      ...completeOperations(cloud, catalog, permissions),
    },
    invokes: bucketInvokes(cloud, catalog),
    restore: () => catalog.restore(),
  };
};
