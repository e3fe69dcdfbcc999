import { randomUUID } from "node:crypto";
import { ServiceError, type Cloud, type Json, type Operation, type ResourceType } from "../service";
import type { DeployedFunction } from "./function";
import { Mapping } from "./mapping";
import { checkMapping, MAPPING_INPUTS, mappingSettings, type MappingSettings } from "./mappingSettings";

interface Known {
  uuid: string;
  /** Epoch milliseconds. */
  createdAt: number;
  checkpoints: Map<string, string>;
  mapping?: Mapping;
  settings?: MappingSettings;
}

/** The account's event source mappings. One that is made again after a restart keeps its id and goes on at its checkpoints. */
export class Mappings {
  readonly workers: Mapping[] = [];
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly cloud: Cloud,
    private readonly find: (nameOrArn: string) => DeployedFunction,
    private readonly pollMs: number,
  ) {}

  async restore(): Promise<void> {
    const store = this.cloud.store("lambda");
    for await (const { uuid, stream, target, createdAt } of store.replay("mappings")) {
      this.known.set(`${String(stream)} ${String(target)}`, {
        uuid: String(uuid),
        createdAt: createdAt as number,
        checkpoints: new Map(),
      });
    }
    const byUuid = new Map([...this.known.values()].map((known) => [known.uuid, known]));
    for await (const { mapping, shard, sequenceNumber } of store.replay("checkpoints") as AsyncIterable<Record<string, string>>) {
      byUuid.get(mapping)?.checkpoints.set(shard, sequenceNumber);
    }
  }

  /** Resource type `aws:lambda/eventSourceMapping:EventSourceMapping`. */
  resource(): ResourceType {
    return { inputs: MAPPING_INPUTS, check: checkMapping, create: (inputs) => this.create(inputs) };
  }

  /** GetEventSourceMapping; LastProcessingResult tells what keeps a mapping from going on. */
  operation(): Operation {
    const byUuid = (uuid: unknown): Known & { mapping: Mapping; settings: MappingSettings } => {
      const known = [...this.known.values()].find((candidate) => candidate.uuid === uuid);
      if (!known?.mapping || !known.settings)
        throw new ServiceError("ResourceNotFoundException", "The resource you requested does not exist.", 404);
      return { ...known, mapping: known.mapping, settings: known.settings };
    };
    return {
      permissions: ({ UUID }) => [{ action: "lambda:GetEventSourceMapping", resource: this.arn(String(UUID)) }],
      run: async ({ UUID }) => {
        const { uuid, mapping, settings } = byUuid(UUID);
        return {
          output: {
            UUID: uuid,
            EventSourceMappingArn: this.arn(uuid),
            EventSourceArn: settings.streamArn,
            FunctionArn: this.find(settings.functionName).arn,
            BatchSize: settings.batchSize,
            State: settings.enabled ? "Enabled" : "Disabled",
            LastProcessingResult: mapping.problem === undefined ? "OK" : `PROBLEM: ${mapping.problem}`,
          },
        };
      },
    };
  }

  private async create(inputs: Json): Promise<{ id: string; state: Json }> {
    const settings = mappingSettings(inputs);
    const target = this.find(settings.functionName);
    const { streamArn: stream } = settings;
    const key = `${stream} ${target.arn}`;
    const known: Known = this.known.get(key) ?? { uuid: randomUUID(), createdAt: this.cloud.clock.now(), checkpoints: new Map() };
    if (known.mapping) {
      throw new ServiceError(
        "ResourceConflictException",
        `An event source mapping of ${stream} to ${target.arn} exists: ${known.uuid}`,
        409,
      );
    }
    const { uuid, createdAt, checkpoints } = known;
    if (!this.known.has(key)) await this.cloud.store("lambda").append("mappings", { uuid, stream, target: target.arn, createdAt });
    const mapping = new Mapping({ cloud: this.cloud, uuid, settings, target, createdAt, checkpoints, pollMs: this.pollMs });
    this.known.set(key, { ...known, mapping, settings });
    this.workers.push(mapping);
    const state = {
      uuid,
      arn: this.arn(uuid),
      functionArn: target.arn,
      state: settings.enabled ? "Enabled" : "Disabled",
      tagsAll: inputs.tags ?? {},
    };
    return { id: uuid, state };
  }

  private arn(uuid: string): string {
    return `arn:aws:lambda:${this.cloud.region}:${this.cloud.account}:event-source-mapping:${uuid}`;
  }
}
