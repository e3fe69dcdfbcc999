import * as aws from "@pulumi/aws";
import { type Change, type Finding, refusal, warning } from "./deployed";

/** One call at most doubles or halves the shards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
const FACTOR = 2;

/** Checks a change of the stream's region, shards or mode, and of the names of stream and delivery stream. */
export async function checkStream(change: Change): Promise<Finding[]> {
  const { region, tenant, last } = change;
  const deployedRegion = last.streamArn?.split(":")[3] ?? region;
  if (deployedRegion !== region) {
    const moved = `aws:region would change from ${deployedRegion} to ${region}, and nothing of tenant ${tenant.name} moves`;
    return [refusal(`${moved}: keep the region, or destroy the stack first`)];
  }
  const { name } = tenant.feed.stream ?? {};
  const delivery = tenant.feed.delivery?.name;
  const isReplaced = last.streamName !== undefined && name !== last.streamName;
  const findings = isReplaced ? [] : await checkShards(change);
  if (isReplaced) {
    const renamed = `stream.name of tenant ${tenant.name} changes from ${last.streamName} to ${name}`;
    findings.push(warning(`${renamed}: the stream is replaced, and the records that nobody has read yet are lost`));
  }
  if (last.deliveryStreamName !== undefined && delivery !== last.deliveryStreamName) {
    const renamed = `delivery.name of tenant ${tenant.name} changes from ${last.deliveryStreamName} to ${delivery}`;
    findings.push(warning(`${renamed}: the new delivery stream starts at the newest record, so upstream misses the events sent meanwhile`));
  }
  return findings;
}

async function checkShards({ tenant: { name, feed }, last }: Change): Promise<Finding[]> {
  const { mode = "provisioned", shards } = feed.stream ?? {};
  if (mode === "on-demand" || shards === undefined || last.streamMode === undefined || last.shards === undefined) return [];
  if (last.streamMode === "on-demand") return checkOpenShards(name, last.streamName ?? "", shards);
  const next = nextShards(last.shards, shards);
  if (next === shards) return [];
  const change = `stream.shards of tenant ${name} would change from ${last.shards} to ${shards}`;
  return [refusal(`${change}: one update at most doubles or halves the shards, so set ${next} first`)];
}

/** The number of shards that one update can reach on the way to another number. */
function nextShards(from: number, to: number): number {
  return Math.min(Math.max(to, Math.ceil(from / FACTOR)), from * FACTOR);
}

/** A stream on demand keeps its open shards when it becomes provisioned; their number is not known from the settings. */
async function checkOpenShards(tenant: string, stream: string, shards: number): Promise<Finding[]> {
  const change = `stream.mode of tenant ${tenant} would change from on-demand to provisioned with ${shards} shard${shards === 1 ? "" : "s"}`;
  try {
    const { openShards } = await aws.kinesis.getStream({ name: stream });
    const open = openShards.length;
    if (shards >= open && shards <= open * FACTOR) return [];
    return [
      refusal(`${change}: ${stream} has ${open} open shards, so set stream.shards to a number from ${open} to ${open * FACTOR} first`),
    ];
  } catch (error) {
    const reason = (error as Error).message.trim().replace(/\s*\n\s*/g, " ");
    return [warning(`${change}: whether that is as many as are open was not checked, because ${stream} cannot be looked up: ${reason}`)];
  }
}
