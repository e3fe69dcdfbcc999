import { ServiceError, type Json } from "../service";
import type { Shard } from "./shard";
import type { Stream } from "./streams";
import type { Page } from "./tokens";

/** Of the shards that were open at some time in it; both ends in epoch milliseconds. */
export type Window = Pick<Page, "openFrom" | "openTo">;

interface ShardFilter {
  Type: "AFTER_SHARD_ID" | "AT_TRIM_HORIZON" | "FROM_TRIM_HORIZON" | "AT_LATEST" | "AT_TIMESTAMP" | "FROM_TIMESTAMP";
  ShardId?: string;
  /** Epoch seconds. */
  Timestamp?: number;
}

const ALWAYS = Number.MAX_SAFE_INTEGER;

/**
 * What ListShards' ShardFilter selects, and without one: the shards that may still hold records.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html
 * @throws ServiceError InvalidArgumentException when a filter's timestamp or shard id is missing
 */
export function selection({ settings }: Stream, input: Json, now: number): Window & { after?: string } {
  const { Type, ShardId, Timestamp } = (input.ShardFilter ?? { Type: "FROM_TRIM_HORIZON" }) as ShardFilter;
  const after = Type === "AFTER_SHARD_ID" ? ShardId : (input.ExclusiveStartShardId as string | undefined);
  const horizon = Math.max(settings.createdAt, now - settings.retentionHours * 3_600_000);
  const time = Math.max(0, Math.round((Timestamp ?? 0) * 1000));
  if (Type.endsWith("_TIMESTAMP") && Timestamp === undefined) throw missing(Type, "Timestamp");
  if (Type === "AFTER_SHARD_ID" && ShardId === undefined) throw missing(Type, "ShardId");
  switch (Type) {
    case "AFTER_SHARD_ID":
    case "FROM_TRIM_HORIZON":
      return { after, openFrom: horizon, openTo: ALWAYS };
    case "AT_TRIM_HORIZON":
      return { after, openFrom: horizon, openTo: horizon };
    case "AT_LATEST":
      return { after, openFrom: ALWAYS, openTo: ALWAYS };
    case "AT_TIMESTAMP":
      return { after, openFrom: time, openTo: time };
    case "FROM_TIMESTAMP":
      return { after, openFrom: Math.max(time, horizon), openTo: ALWAYS };
  }
}

/** Whether a shard was open at some time of a window. */
export const wasOpen = ({ openedAt, closedAt = ALWAYS }: Shard, { openFrom, openTo }: Window): boolean =>
  openedAt <= openTo && closedAt >= openFrom;

const missing = (type: string, member: string): ServiceError =>
  new ServiceError("InvalidArgumentException", `ShardFilter of type ${type} must have a ${member}.`);
