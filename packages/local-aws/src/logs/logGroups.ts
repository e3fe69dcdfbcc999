import { ServiceError, type Cloud, type Json } from "../service";

/** A line as it was put. */
export interface InputLogEvent {
  /** Epoch milliseconds. */
  timestamp: number;
  message: string;
}

/** A line as it is given out. */
export interface LogEvent extends InputLogEvent {
  eventId: string;
  ingestionTime: number;
}

export interface LogGroup {
  name: string;
  createdAt: number;
  /** 0: for ever. */
  retentionInDays: number;
  streams: Map<string, LogEvent[]>;
}

/** Groups and streams of lines, in memory and in the store. */
export class LogGroups {
  private readonly groups = new Map<string, LogGroup>();
  private readonly store;
  private lastId = 0;

  constructor(private readonly cloud: Pick<Cloud, "account" | "region" | "clock" | "store">) {
    this.store = cloud.store("logs");
  }

  groupArn(name: string): string {
    return `arn:aws:logs:${this.cloud.region}:${this.cloud.account}:log-group:${name}`;
  }

  /** ARN as denials name it; a group's own operations are decided on its streams' ARN with an empty name. */
  streamArn(group: string, stream: string): string {
    return `${this.groupArn(group)}:log-stream:${stream}`;
  }

  all(): LogGroup[] {
    return [...this.groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws ServiceError ResourceNotFoundException */
  group(name: string): LogGroup {
    return this.groups.get(name) ?? absent("log group", name);
  }

  /** @throws ServiceError ResourceNotFoundException */
  stream(group: string, name: string): LogEvent[] {
    return this.group(group).streams.get(name) ?? absent("log stream", name);
  }

  /** @throws ServiceError ResourceAlreadyExistsException */
  async createGroup(group: string, retentionInDays = 0): Promise<void> {
    await this.record({ op: "group", group, at: this.cloud.clock.now(), retentionInDays });
  }

  /** @throws ServiceError ResourceAlreadyExistsException or ResourceNotFoundException */
  async createStream(group: string, stream: string): Promise<void> {
    await this.record({ op: "stream", group, stream });
  }

  /** @throws ServiceError ResourceNotFoundException */
  async put(group: string, stream: string, events: InputLogEvent[]): Promise<void> {
    await this.record({ op: "events", group, stream, at: this.cloud.clock.now(), events });
  }

  async restore(): Promise<void> {
    for await (const entry of this.store.replay("entries")) this.apply(entry);
  }

  private async record(entry: Json): Promise<void> {
    this.apply(entry);
    await this.store.append("entries", entry);
  }

  private apply(entry: Json): void {
    const { op, group, stream, at, retentionInDays } = entry as Record<string, string> & { at: number; retentionInDays: number };
    if (op === "group") {
      if (this.groups.has(group)) throw exists("log group", group);
      this.groups.set(group, { name: group, createdAt: at, retentionInDays, streams: new Map() });
    } else if (op === "stream") {
      const { streams } = this.group(group);
      if (streams.has(stream)) throw exists("log stream", stream);
      streams.set(stream, []);
    } else {
      const lines = this.stream(group, stream);
      for (const { timestamp, message } of entry.events as InputLogEvent[]) {
        this.lastId += 1;
        lines.push({ eventId: String(this.lastId).padStart(56, "0"), timestamp, ingestionTime: at, message });
      }
    }
  }
}

const exists = (what: string, name: string): ServiceError =>
  new ServiceError("ResourceAlreadyExistsException", `The specified ${what} already exists: ${name}`);

function absent(what: string, name: string): never {
  throw new ServiceError("ResourceNotFoundException", `The specified ${what} does not exist: ${name}`);
}
