import { ServiceError, type Cloud, type Principal } from "../service";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const MAX_EVENTS = 10_000;
const MAX_BYTES = 1_048_576;
const EVENT_OVERHEAD = 26;
/** Lines that wait at most, so that a function without permission to log does not fill the memory. */
const MAX_WAITING = 100_000;

interface Line {
  timestamp: number;
  message: string;
}

/** Ships the lines of one execution environment to its log stream, in batches and as the function's role. */
export class LogShipper {
  private waiting: Line[] = [];
  private shipping?: Promise<void>;
  private created = false;

  constructor(
    private readonly cloud: Pick<Cloud, "call" | "clock">,
    private readonly principal: Principal,
    private readonly logGroupName: string,
    readonly logStreamName: string,
  ) {}

  /** Queues a line; it is sent at once, together with the lines that came during the last call. */
  add(message: string): void {
    if (message === "" || this.waiting.length >= MAX_WAITING) return;
    this.waiting.push({ timestamp: this.cloud.clock.now(), message });
    this.shipping ??= this.ship();
  }

  /** Resolves when every line so far is in the log or was refused. */
  async flush(): Promise<void> {
    while (this.shipping) await this.shipping;
  }

  /** A denial is in the decision log; as on AWS it costs the lines, not the function. */
  private async ship(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const logEvents = this.take();
      try {
        await this.createStream();
        await this.call("PutLogEvents", { logStreamName: this.logStreamName, logEvents });
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
      }
    }
    this.shipping = undefined;
  }

  private take(): Line[] {
    let bytes = 0;
    const fits = ({ message }: Line): boolean => (bytes += Buffer.byteLength(message) + EVENT_OVERHEAD) <= MAX_BYTES;
    const end = this.waiting.slice(0, MAX_EVENTS).findIndex((line) => !fits(line));
    const taken = this.waiting.splice(0, end < 0 ? MAX_EVENTS : Math.max(1, end));
    return taken.sort((a, b) => a.timestamp - b.timestamp);
  }

  private async createStream(): Promise<void> {
    if (this.created) return;
    try {
      await this.call("CreateLogStream", { logStreamName: this.logStreamName });
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== "ResourceNotFoundException") throw error;
      await this.createGroup();
      await this.call("CreateLogStream", { logStreamName: this.logStreamName });
    }
    this.created = true;
  }

  /** Others may make it at the same time. */
  private async createGroup(): Promise<void> {
    try {
      await this.call("CreateLogGroup", {});
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== "ResourceAlreadyExistsException") throw error;
    }
  }

  private async call(operation: string, input: Record<string, unknown>): Promise<void> {
    await this.cloud.call(this.principal, "logs", operation, { logGroupName: this.logGroupName, ...input });
  }
}
