import { ServiceError, type Cloud } from "../service";

/** A line as it was put. */
export interface InputLogEvent {
  /** Epoch milliseconds. */
  timestamp: number;
  message: string;
}

/** A line as it is returned. */
export interface LogEvent extends InputLogEvent {
  eventId: string;
  ingestionTime: number;
}

/** Log streams by name, each with its lines. */
type Streams = Map<string, LogEvent[]>;

/** Log groups, in memory. Retention has no effect: a local run is shorter than a day. */
export class LogGroups {
  private readonly groups = new Map<string, Streams>();
  private lastId = 0;

  constructor(private readonly cloud: Pick<Cloud, "account" | "region" | "clock">) {}

  groupArn(name: string): string {
    return `arn:aws:logs:${this.cloud.region}:${this.cloud.account}:log-group:${name}`;
  }

  /** ARN as denials name it; operations on a group are authorized for its streams' ARN with an empty name. */
  streamArn(group: string, stream: string): string {
    return `${this.groupArn(group)}:log-stream:${stream}`;
  }

  /** @throws ServiceError ResourceNotFoundException */
  group(name: string): Streams {
    return this.groups.get(name) ?? absent("log group", name);
  }

  /** @throws ServiceError ResourceNotFoundException */
  stream(group: string, name: string): LogEvent[] {
    return this.group(group).get(name) ?? absent("log stream", name);
  }

  /** @throws ServiceError ResourceAlreadyExistsException */
  createGroup(name: string): void {
    if (this.groups.has(name)) throw exists("log group", name);
    this.groups.set(name, new Map());
  }

  /** @throws ServiceError ResourceAlreadyExistsException or ResourceNotFoundException */
  createStream(group: string, name: string): void {
    const streams = this.group(group);
    if (streams.has(name)) throw exists("log stream", name);
    streams.set(name, []);
  }

  /** @throws ServiceError ResourceNotFoundException */
  put(group: string, stream: string, events: readonly InputLogEvent[]): void {
    const lines = this.stream(group, stream);
    const ingestionTime = this.cloud.clock.now();
    for (const event of events) lines.push({ ...event, eventId: String((this.lastId += 1)).padStart(56, "0"), ingestionTime });
  }
}

const exists = (what: string, name: string): ServiceError =>
  new ServiceError("ResourceAlreadyExistsException", `The specified ${what} already exists: ${name}`);

function absent(what: string, name: string): never {
  throw new ServiceError("ResourceNotFoundException", `The specified ${what} does not exist: ${name}`);
}
