import { deployedStacks, type StackResources } from "./stackResources";

interface Names {
  buckets?: Record<string, string>;
  stream?: string;
  delivery?: string;
  database?: string;
}

/** Where acme2's own pipeline leaves its parts in lake; the stages that share buckets have the same. */
export const SOURCE_PREFIX = "crm/interactions/";

/**
 * Two tenants of which one's name begins with the other's. The first trains and has a campaign in every stage; the second has neither, but
 * settings of its own and a Glue job that exports a source.
 */
function tenants({ buckets, stream, delivery, database }: Names, ofFirst: { database?: string } = {}): unknown[] {
  return [
    { name: "acme", ...ofFirst, recommender: { campaign: true }, pipeline: { train: "afterExport" } },
    {
      name: "acme2",
      buckets,
      database,
      stream: { name: stream, shards: 2, retentionHours: 48 },
      delivery: { name: delivery, intervalSeconds: 60 },
      forwarder: { memoryMiB: 512 },
      recommender: { interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"], campaign: false },
      pipeline: { train: "never" },
      export: { engine: "glue", source: { prefix: SOURCE_PREFIX } },
      logRetentionDays: 7,
    },
  ];
}

/** Names that begin with those of acme in that stage. */
function named(stage: string, bucketSuffix: string): Names {
  return {
    buckets: Object.fromEntries(["upstream", "lake", "downstream", "cache"].map((zone) => [zone, `acme-c360-${zone}${bucketSuffix}-2`])),
    stream: `acme-c360-recommender-stream-${stage}-2`,
    delivery: `acme-c360-recommender-delivery-${stage}-2`,
    database: `acme_crm_derived_restricted_${stage}_2`,
  };
}

/** Every kind of stage, with two personal ones of which one's name begins with the other's; staging has the default names. */
const STACKS = {
  dev: { tenants: tenants(named("dev", "-dev")) },
  alice: { tenants: tenants(named("alice", "-dev")) },
  alice2: { tenants: tenants(named("alice2", "-dev")) },
  staging: { tenants: tenants({}) },
  prod: { tenants: tenants(named("prod", ""), { database: "acme_crm_derived_restricted" }) },
};

/** The tenants acme and acme2 in every kind of stage, deployed into one account; one deployment for all tests. */
export function twoTenants(): Promise<StackResources[]> {
  return deployedStacks(STACKS);
}
