import type { Cloud, Principal } from "../service";

/** A shard as ListShards tells of it. */
export interface ListedShard {
  ShardId: string;
  ParentShardId?: string;
  AdjacentParentShardId?: string;
}

/**
 * All shards of a stream that may hold records, for a service that reads the stream.
 *
 * @throws ServiceError what Kinesis answers
 */
export async function listShards(cloud: Cloud, as: Principal, streamArn: string): Promise<ListedShard[]> {
  const shards: ListedShard[] = [];
  let NextToken: string | undefined;
  do {
    const { output } = await cloud.call(as, "kinesis", "ListShards", NextToken === undefined ? { StreamARN: streamArn } : { NextToken });
    const page = output as unknown as { Shards: ListedShard[]; NextToken?: string };
    shards.push(...page.Shards);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return shards;
}

/** Shards whose turn it is: not read to their end, and none of their parents still to be. */
export function shardsInTurn(shards: readonly ListedShard[], ended: ReadonlySet<string>): string[] {
  const waiting = new Set(shards.map(({ ShardId }) => ShardId).filter((shardId) => !ended.has(shardId)));
  const waits = (parent: string | undefined): boolean => parent !== undefined && waiting.has(parent);
  return shards
    .filter(({ ParentShardId, AdjacentParentShardId }) => !waits(ParentShardId) && !waits(AdjacentParentShardId))
    .map(({ ShardId }) => ShardId)
    .filter((shardId) => waiting.has(shardId));
}
