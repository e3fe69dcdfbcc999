import { deployedStacks, type StackResources } from "./stackResources";

/** Two tenants of a stack, the one's names beginning with the other's, which has settings of its own for most of them. */
function tenants(stage: string, suffix = ""): unknown[] {
  return [
    "acme",
    {
      name: "acme2",
      buckets: { upstream: `acme-c360-upstream${suffix}-2`, downstream: `acme-c360-downstream${suffix}-2` },
      stream: { name: `acme-c360-recommender-stream-${stage}-2`, shards: 2, retentionHours: 48 },
      delivery: { name: `acme-c360-recommender-delivery-${stage}-2`, intervalSeconds: 60 },
      forwarder: { memoryMiB: 512 },
      recommender: { interactionColumns: ["USER_ID", "ITEM_ID", "TIMESTAMP"] },
      logRetentionDays: 7,
    },
  ];
}

/** Every kind of stage, with two personal ones of which one's name begins with the other's. */
const STACKS = {
  dev: { tenants: tenants("dev", "-dev") },
  alice: { tenants: tenants("alice", "-dev") },
  alice2: { tenants: tenants("alice2", "-dev") },
  staging: { tenants: tenants("staging", "-staging") },
  prod: { tenants: tenants("prod") },
};

/** The tenants acme and acme2 in every kind of stage, deployed into one account; one deployment for all tests. */
export function twoTenants(): Promise<StackResources[]> {
  return deployedStacks(STACKS);
}
