import type { Cloud, Json } from "../service";
import { ServiceError } from "../service";

/** What a resource is in: https://docs.aws.amazon.com/personalize/latest/dg/API_DescribeDatasetImportJob.html */
export type Status = "CREATE PENDING" | "CREATE IN PROGRESS" | "ACTIVE" | "CREATE FAILED" | "DELETE PENDING" | "DELETE IN PROGRESS";

/** A resource of the control plane. */
export interface Made {
  type: string;
  arn: string;
  /** What it was made with, by PascalCase name. */
  properties: Json;
  /** What the service gives it: its ARN, a tracker's TrackingId, a version's metrics. */
  attributes: Json;
  status: Status;
  failureReason?: string;
  /** Epoch milliseconds. */
  createdAt: number;
  /** Epoch milliseconds. */
  updatedAt: number;
}

/** What makes a resource while it is in progress: gives attributes, or throws a {@link JobFailure}. */
export type Work = (made: Made, signal: AbortSignal) => Promise<Json | void>;

/** Why a resource cannot be made, in words that its description shows. */
export class JobFailure extends Error {}

/** Every resource by ARN, from its creation to its deletion. */
export class Lifecycle {
  private readonly made = new Map<string, Made>();
  private readonly settling = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();

  /** @param stepMs milliseconds of the cloud's time that a resource is pending, and again that it is in progress at least */
  constructor(
    private readonly cloud: Cloud,
    private readonly stepMs: number,
  ) {}

  /**
   * Makes a resource; it becomes ACTIVE, or fails, later.
   *
   * @param work what is done meanwhile; left out: nothing, and with `null` it is ACTIVE at once
   * @throws ServiceError ResourceAlreadyExistsException
   */
  begin(given: Pick<Made, "type" | "arn" | "properties" | "attributes">, work?: Work | null): Made {
    if (this.made.has(given.arn)) throw exists(given.arn);
    const now = this.cloud.clock.now();
    const made: Made = { ...given, status: work === null ? "ACTIVE" : "CREATE PENDING", createdAt: now, updatedAt: now };
    this.made.set(made.arn, made);
    if (work !== null) this.follow(made.arn, this.create(made, work));
    return made;
  }

  /** Deletes a resource; it is gone later. */
  remove(made: Made): void {
    this.enter(made, "DELETE PENDING");
    this.follow(made.arn, this.delete(made));
  }

  /** Deletes a resource at once. */
  forget(made: Made): void {
    this.made.delete(made.arn);
  }

  /** Puts attributes beside those that a resource has. */
  extend(made: Made, attributes: Json): void {
    Object.assign(made.attributes, attributes);
    this.enter(made, made.status);
  }

  /** Waits some of the cloud's time. */
  async pause(): Promise<void> {
    await this.cloud.clock.sleep(this.stepMs, this.stopping.signal);
  }

  /** Resolves when a resource is pending and in progress no more. */
  async settled(arn: string): Promise<void> {
    await this.settling.get(arn);
  }

  /** Lets something go on besides, which fails only when the cloud stops. */
  follow(arn: string, work: Promise<void>): void {
    const followed = work
      .catch((error: unknown) => {
        if (!this.stopping.signal.aborted) throw error;
      })
      .finally(() => {
        if (this.settling.get(arn) === followed) this.settling.delete(arn);
      });
    this.settling.set(arn, followed);
  }

  /** Ends what is on its way. */
  async close(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.settling.values());
  }

  /** @throws ServiceError ResourceNotFoundException */
  find(type: string, arn: unknown): Made {
    const made = this.made.get(String(arn));
    if (made?.type !== type) throw new ServiceError("ResourceNotFoundException", `Resource with ARN ${String(arn)} does not exist.`, 400);
    return made;
  }

  /** @throws ServiceError ResourceNotFoundException, ResourceInUseException */
  active(type: string, arn: unknown): Made {
    const made = this.find(type, arn);
    if (made.status !== "ACTIVE") throw inUse(`Resource ${made.arn} is in status ${made.status}.`);
    return made;
  }

  /**
   * One that is made, or that failed to be.
   *
   * @throws ServiceError ResourceNotFoundException, ResourceInUseException
   */
  ended(type: string, arn: unknown): Made {
    return this.find(type, arn).status === "CREATE FAILED" ? this.find(type, arn) : this.active(type, arn);
  }

  /** The resources of a type with these properties, in the order of their creation. */
  all(type: string, where: Json = {}): Made[] {
    return [...this.made.values()].filter(
      (made) => made.type === type && Object.entries(where).every(([key, value]) => made.properties[key] === value),
    );
  }

  private async create(made: Made, work?: Work): Promise<void> {
    await this.pause();
    if (work === undefined) return this.enter(made, "ACTIVE");
    this.enter(made, "CREATE IN PROGRESS");
    try {
      const attributes = await work(made, this.stopping.signal);
      await this.pause();
      Object.assign(made.attributes, attributes);
      this.enter(made, "ACTIVE");
    } catch (error) {
      this.stopping.signal.throwIfAborted();
      this.fail(made, error instanceof JobFailure ? error.message : `The local cloud failed: ${String(error)}`);
    }
  }

  private fail(made: Made, failureReason: string): void {
    Object.assign(made, { failureReason });
    this.enter(made, "CREATE FAILED");
  }

  private async delete(made: Made): Promise<void> {
    await this.pause();
    this.enter(made, "DELETE IN PROGRESS");
    await this.pause();
    this.forget(made);
  }

  private enter(made: Made, status: Status): void {
    Object.assign(made, { status, updatedAt: this.cloud.clock.now() });
  }
}

/** The error for a name that is taken. */
export const exists = (what: string): ServiceError =>
  new ServiceError("ResourceAlreadyExistsException", `Another resource with ${what} exists.`);

/** The error for what cannot be done now. */
export const inUse = (message: string): ServiceError => new ServiceError("ResourceInUseException", message);
