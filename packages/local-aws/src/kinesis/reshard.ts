import { ServiceError, type Cloud, type Json, type Operation, type Reply } from "../service";
import { checkMembers } from "./members";
import { REQUESTS } from "./requests";
import { merge, planScaling, splitAt, type Change } from "./reshardPlan";
import type { Shard } from "./shard";
import { notFound, type Stream, type Streams } from "./streams";

/** From UPDATING to ACTIVE, in milliseconds of the cloud's time; AWS takes about half a minute for one shard. */
const UPDATE_MS = 30_000;
const DAY_MS = 86_400_000;
/** Limits of UpdateShardCount: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
const MAX_SHARDS = 10_000;
const MAX_SCALINGS_A_DAY = 10;

type LoggedChange = [parents: number[], ranges: [start: string, end: string][]];

/** Changes of the shards that were asked for: logged at once, done a little later, after a restart at the latest. */
export class Resharding {
  private readonly stopping = new AbortController();

  constructor(private readonly cloud: Cloud) {}

  /** Sets the stream to UPDATING; resolves when the request is in the log. */
  async begin(stream: Stream, changes: readonly Change[], scaling: boolean): Promise<void> {
    const at = this.cloud.clock.now();
    stream.status = "UPDATING";
    if (scaling) stream.scaledAt.push(at);
    const logged = changes.map(({ parents, ranges }): LoggedChange => [parents, ranges.map(({ start, end }) => [`${start}`, `${end}`])]);
    await this.cloud.store("kinesis").append("reshards", { stream: stream.settings.name, at, scaling, changes: logged });
    const done = (): void => {
      stream.reshard(changes, at);
      stream.status = "ACTIVE";
    };
    this.cloud.clock.sleep(UPDATE_MS, this.stopping.signal).then(done, () => undefined);
  }

  async restore(streams: Streams): Promise<void> {
    for await (const entry of this.cloud.store("kinesis").replay("reshards")) {
      const stream = streams.get(entry.stream as string);
      const at = entry.at as number;
      if (entry.scaling === true) stream.scaledAt.push(at);
      const changes = (entry.changes as LoggedChange[]).map(([parents, ranges]) => ({
        parents,
        ranges: ranges.map(([start, end]) => ({ start: BigInt(start), end: BigInt(end) })),
      }));
      stream.reshard(changes, at);
    }
  }

  /** Ends the waits for ACTIVE. */
  close(): void {
    this.stopping.abort();
  }
}

/** SplitShard, MergeShards and UpdateShardCount. */
export function reshardOperations(cloud: Cloud, streams: Streams, resharding: Resharding): Record<string, Operation> {
  const where = ({ settings }: Stream): string => `stream ${settings.name} under account ${cloud.account}`;
  const openShard = (stream: Stream, id: string): Shard => {
    const shard = stream.shards.find((candidate) => candidate.id === id);
    if (!shard) throw notFound(`Could not find shard ${id} in ${where(stream)}.`);
    if (!shard.open) throw invalid(`Shard ${id} in ${where(stream)} was already merged or split: it cannot be again.`);
    return shard;
  };

  const splitShard = (stream: Stream, { ShardToSplit, NewStartingHashKey }: Record<string, string>): Change[] => {
    const shard = openShard(stream, ShardToSplit);
    const { start, end } = shard.range;
    const hashKey = BigInt(NewStartingHashKey);
    if (hashKey <= start + 1n || hashKey >= end) {
      const rule = `more than one above the StartingHashKey ${start} of ${shard.id} in ${where(stream)} and below its EndingHashKey ${end}`;
      throw invalid(`NewStartingHashKey must be ${rule}, got ${hashKey}.`);
    }
    return [splitAt(shard, hashKey)];
  };

  const mergeShards = (stream: Stream, { ShardToMerge, AdjacentShardToMerge }: Record<string, string>): Change[] => {
    const [first, second] = [openShard(stream, ShardToMerge), openShard(stream, AdjacentShardToMerge)];
    if (first.range.end + 1n !== second.range.start && second.range.end + 1n !== first.range.start) {
      throw invalid(`Shards ${first.id} and ${second.id} in ${where(stream)} are not an adjacent pair of shards: they cannot be merged.`);
    }
    return [merge(first, second)];
  };

  const updateShardCount = (stream: Stream, { TargetShardCount: target }: Record<string, number>): Change[] => {
    const { openShards, shards, scaledAt } = stream;
    const current = openShards.length;
    const demand = (holds: boolean, rule: string): void => {
      if (!holds) throw new ServiceError("LimitExceededException", `TargetShardCount of ${where(stream)} must be ${rule}, got ${target}.`);
    };
    demand(target <= 2 * current, `at most double the current open shard count ${current}`);
    demand(target >= current / 2, `at least half the current open shard count ${current}`);
    demand(target <= MAX_SHARDS, `at most ${MAX_SHARDS}`);
    const today = scaledAt.filter((at) => at > cloud.clock.now() - DAY_MS).length;
    demand(today < MAX_SCALINGS_A_DAY, `changed at most ${MAX_SCALINGS_A_DAY} times in 24 hours`);
    return planScaling(openShards, shards.length, target);
  };

  const operation = <T>(
    name: "SplitShard" | "MergeShards" | "UpdateShardCount",
    plan: (stream: Stream, input: Record<string, T>) => Change[],
    answer: (stream: Stream, input: Json) => Json = () => ({}),
  ): Operation => ({
    permissions: (input) => [{ action: `kinesis:${name}`, resource: streams.arnOf(streams.nameIn(input)) }],
    run: async (input): Promise<Reply> => {
      checkMembers(name, REQUESTS[name], input);
      const stream = streams.get(streams.nameIn(input));
      if (stream.settings.mode === "ON_DEMAND") {
        throw new ServiceError("ValidationException", `${name} needs a provisioned stream: ${where(stream)} is in on-demand mode.`);
      }
      const changes = plan(stream, input as Record<string, T>);
      if (stream.status !== "ACTIVE") {
        throw new ServiceError("ResourceInUseException", `${name} needs an ACTIVE stream: ${where(stream)} is ${stream.status}.`);
      }
      const output = answer(stream, input);
      await resharding.begin(stream, changes, name === "UpdateShardCount");
      return { output };
    },
  });
  return {
    SplitShard: operation("SplitShard", splitShard),
    MergeShards: operation("MergeShards", mergeShards),
    UpdateShardCount: operation("UpdateShardCount", updateShardCount, ({ settings, arn, openShards }, { TargetShardCount }) => ({
      StreamName: settings.name,
      StreamARN: arn,
      CurrentShardCount: openShards.length,
      TargetShardCount,
    })),
  };
}

const invalid = (message: string): ServiceError => new ServiceError("InvalidArgumentException", message);
