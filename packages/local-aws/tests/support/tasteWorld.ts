import { PersonalizeClient } from "@aws-sdk/client-personalize";
import { PersonalizeRuntimeClient } from "@aws-sdk/client-personalize-runtime";
import { cloudControl } from "../../src/cloudControl";
import { makePersonalize, type PersonalizeOptions } from "../../src/personalize";
import { type TestCloud, withCloud } from "../../testing/cloud";
import { ManualClock } from "../../testing/manualClock";
import { makeRecommender, type Recommender, trackerActive } from "../../testing/personalize";
import type { Row } from "../../testing/interactionRows";
import { tastes } from "./tastes";

export const POPULARITY = "arn:aws:personalize:::recipe/aws-popularity-count";
export const PERSONAL = "arn:aws:personalize:::recipe/aws-user-personalization-v2";

const STEP_MS = 1000;
const EVENTS_A_CALL = 10;

/** A Personalize with a group `shop`, into which {@link tastes} have streamed. Its time flies until it is frozen. */
export class TasteWorld {
  personalize!: PersonalizeClient;
  runtime!: PersonalizeRuntimeClient;
  running!: TestCloud;
  shop!: Recommender;
  private readonly clock = new ManualClock();
  private flying?: NodeJS.Timeout;

  private constructor(private readonly options: PersonalizeOptions) {}

  static async open(options: PersonalizeOptions = {}): Promise<TasteWorld> {
    const world = new TasteWorld(options);
    await world.start();
    world.shop = await makeRecommender(world.running.cloud);
    await trackerActive(world.running, world.shop.trackerArn);
    await world.stream(tastes(50));
    return world;
  }

  async close(): Promise<void> {
    this.freeze();
    this.personalize.destroy();
    this.runtime.destroy();
    await this.running.stop();
  }

  /** Stops the time. */
  freeze(): void {
    clearInterval(this.flying);
  }

  /** Lets the time fly again. */
  thaw(): void {
    this.flying = setInterval(() => this.clock.advance(STEP_MS), 1);
  }

  /** Lets pass what a resource is in one status. */
  step(): void {
    this.clock.advance(STEP_MS);
  }

  async stream(rows: readonly Row[], trackingId = this.shop.trackingId): Promise<void> {
    const byUser = new Map<string, Row[]>();
    for (const row of rows) byUser.set(row[0], [...(byUser.get(row[0]) ?? []), row]);
    for (const [userId, own] of byUser) {
      for (let from = 0; from < own.length; from += EVENTS_A_CALL) {
        const part = own.slice(from, from + EVENTS_A_CALL);
        const eventList = part.map(([, itemId, sentAt, eventType]) => ({ itemId, sentAt, eventType }));
        const request = { trackingId, sessionId: "s", userId, eventList };
        await this.running.cloud.call(this.running.owner, "personalize", "POST /events", request);
      }
    }
  }

  private async start(): Promise<void> {
    const factories = [cloudControl, makePersonalize({ creationMs: STEP_MS, latencyMs: 0, ...this.options })];
    this.running = await withCloud(factories, { clock: this.clock });
    this.personalize = new PersonalizeClient({ ...this.running.client, maxAttempts: 1 });
    this.runtime = new PersonalizeRuntimeClient({ ...this.running.client, maxAttempts: 1 });
    this.thaw();
  }
}
