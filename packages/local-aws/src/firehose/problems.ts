import type { Cloud, Principal, Store } from "../service";
import type { DeliverySettings } from "./settings";

/** Tells what goes wrong: in the log "errors" of the local state and, when it is configured, in the delivery stream's log stream. */
export class Problems {
  constructor(
    private readonly cloud: Cloud,
    private readonly settings: DeliverySettings,
    private readonly arn: string,
    private readonly role: () => Principal,
    private readonly store: Store,
  ) {}

  /** @param source which service refused: its name goes before the error's code */
  async tell(source: "S3" | "Kinesis", error: unknown): Promise<void> {
    const { name, log, bucket } = this.settings;
    const errorCode = `${source}.${error instanceof Error ? error.name : "Error"}`;
    const message = error instanceof Error ? error.message : String(error);
    const timestamp = this.cloud.clock.now();
    await this.keep({ at: timestamp, deliveryStream: name, errorCode, message });
    if (!log) return;
    const about = { deliveryStreamARN: this.arn, destination: `arn:aws:s3:::${bucket}`, deliveryStreamVersionId: 1, message, errorCode };
    try {
      await this.cloud.call(this.role(), "logs", "PutLogEvents", { ...log, logEvents: [{ timestamp, message: JSON.stringify(about) }] });
    } catch (refusal) {
      await this.keep({
        at: timestamp,
        deliveryStream: name,
        errorCode: `Logs.${(refusal as Error).name}`,
        message: (refusal as Error).message,
      });
    }
  }

  private async keep(entry: { at: number; deliveryStream: string; errorCode: string; message: string }): Promise<void> {
    await this.store.append("errors", entry);
  }
}
