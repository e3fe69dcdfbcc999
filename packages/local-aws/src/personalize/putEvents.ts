import { setTimeout } from "node:timers/promises";
import { TokenBucket } from "../kinesis/throttle";
import type { Cloud, Json, Operation, Store } from "../service";
import { ServiceError } from "../service";
import type { ControlPlane } from "./controlPlane";
import { type AcceptedEvent, interactionOf, type StreamedInteraction } from "./interactions";
import type { Made } from "./lifecycle";
import { invalidity, isKept, type PutEventsRequest } from "./validateEvents";

/** Requests a second and dataset group: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
const REQUESTS_PER_SECOND = 1000;

/**
 * PutEvents of one service.
 * What it accepts is in the log "events", every call in the log "calls", both before the answer goes out.
 */
export class PutEvents implements Operation {
  private calls = 0;
  private readonly budgets = new Map<string, TokenBucket>();
  private readonly store: Store;

  /**
   * @param latencyMs real milliseconds that an answer takes at least
   * @param tell takes each interaction that was accepted
   */
  constructor(
    private readonly cloud: Cloud,
    private readonly plane: ControlPlane,
    private readonly latencyMs: number,
    private readonly tell: (datasetGroupArn: string, interaction: StreamedInteraction) => void,
  ) {
    this.store = cloud.store("personalize");
  }

  readonly permissions: Operation["permissions"] = () => [{ action: "personalize:PutEvents", resource: "*" }];

  readonly run: Operation["run"] = async (input) => {
    const call = ++this.calls;
    const slow = setTimeout(this.latencyMs);
    const refusal = this.refuse(input);
    const status = refusal === undefined ? "accepted" : refusal.name === "ThrottlingException" ? "throttled" : "invalid";
    const events = Array.isArray(input.eventList) ? input.eventList.length : 0;
    const at = this.cloud.clock.now();
    const entries = refusal === undefined ? this.entries(at, call, input as unknown as PutEventsRequest) : [];
    await Promise.all([
      ...entries.map((entry) => this.store.append("events", { ...entry })),
      this.store.append("calls", { at, call, status, events }),
      slow,
    ]);
    if (refusal) throw refusal;
    for (const entry of entries) {
      const interaction = interactionOf(entry);
      if (interaction) this.tell(entry.datasetGroupArn, interaction);
    }
    return {};
  };

  private refuse(input: Json): ServiceError | undefined {
    const tracker = this.plane.tracker(String(input.trackingId));
    if (tracker && !this.admit(tracker)) return new ServiceError("ThrottlingException", "Rate exceeded");
    const reason = invalidity(input);
    if (reason !== undefined) return new ServiceError("InvalidInputException", reason);
    if (!tracker)
      return new ServiceError("ResourceNotFoundException", `No event tracker has the tracking id ${String(input.trackingId)}.`, 404);
    if (tracker.status === "ACTIVE") return undefined;
    return new ServiceError("ResourceInUseException", `Event tracker ${tracker.arn} is in status ${tracker.status}.`, 409);
  }

  private admit(tracker: Made): boolean {
    const group = String(tracker.properties.DatasetGroupArn);
    const budget = this.budgets.get(group) ?? new TokenBucket(REQUESTS_PER_SECOND);
    this.budgets.set(group, budget);
    if (!budget.allows(1, this.cloud.clock.now())) return false;
    budget.take(1);
    return true;
  }

  private entries(at: number, call: number, { trackingId, sessionId, userId, eventList }: PutEventsRequest): AcceptedEvent[] {
    const datasetGroupArn = String(this.plane.tracker(trackingId)?.properties.DatasetGroupArn);
    const kept = eventList.filter((event) => isKept(sessionId, event));
    return kept.map((event) => ({ at, call, trackingId, datasetGroupArn, sessionId, userId: userId ?? null, event }));
  }
}
