import { createHash } from "node:crypto";
import type { Cloud, Json, Operation } from "../service";
import type { Catalog } from "./catalog";
import type { Permissions } from "./permissions";
import { operation } from "./request";

/** Clients tell a bare text root from an element only by its namespace. */
const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Canonical user of an account, as listings name it. */
export function owner(account: string): Json {
  return { ID: createHash("sha256").update(account).digest("hex") };
}

/** Operations on buckets themselves. */
export function bucketOperations(cloud: Cloud, catalog: Catalog, permissions: Permissions): Record<string, Operation> {
  return {
    "GET /": operation(cloud.account, {
      permissions: () => [{ action: "s3:ListAllMyBuckets", resource: "*" }],
      run: async () => ({
        output: {
          ListAllMyBucketsResult: {
            Owner: owner(cloud.account),
            Buckets: {
              Bucket: [...catalog.buckets.values()]
                .sort((a, b) => (a.name < b.name ? -1 : 1))
                .map(({ name, created }) => ({ Name: name, CreationDate: new Date(created).toISOString(), BucketRegion: cloud.region })),
            },
          },
        },
      }),
    }),
    "HEAD /{Bucket}": operation(cloud.account, {
      permissions: ({ bucket }) => [permissions.bucket("s3:ListBucket", bucket)],
      run: async () => ({ headers: { "x-amz-bucket-region": cloud.region, "x-amz-access-point-alias": "false" } }),
    }),
    "GET /{Bucket}?location": operation(cloud.account, {
      permissions: ({ bucket }) => [permissions.bucket("s3:GetBucketLocation", bucket)],
      run: async () => ({
        output: { LocationConstraint: { "@xmlns": NAMESPACE, "#text": cloud.region === "us-east-1" ? "" : cloud.region } },
      }),
    }),
  };
}
