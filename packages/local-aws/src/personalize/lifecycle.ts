import type { Cloud, Json } from "../service";
import { ServiceError } from "../service";

/** Types of resources. Those that Cloud Control creates have its names. */
export const DATASET_GROUP = "AWS::Personalize::DatasetGroup";
export const SCHEMA = "AWS::Personalize::Schema";
export const DATASET = "AWS::Personalize::Dataset";
export const EVENT_TRACKER = "AWS::Personalize::EventTracker";
export const IMPORT_JOB = "DatasetImportJob";
export const SOLUTION = "Solution";
export const SOLUTION_VERSION = "SolutionVersion";
export const CAMPAIGN = "Campaign";

/** https://docs.aws.amazon.com/personalize/latest/dg/API_DescribeDatasetImportJob.html */
export type Status = "CREATE PENDING" | "CREATE IN PROGRESS" | "ACTIVE" | "CREATE FAILED" | "DELETE PENDING" | "DELETE IN PROGRESS";

/** A resource of Personalize, as the local cloud keeps it. */
export interface Resource {
  type: string;
  arn: string;
  /** Position in the order of creation; unique. */
  number: number;
  /** What the caller gave, by PascalCase name. */
  properties: Json;
  /** What the service added, by PascalCase name: the ARN, a tracker's TrackingId, a version's Metrics. */
  attributes: Json;
  status: Status;
  failureReason?: string;
  /** Epoch milliseconds. */
  createdAt: number;
  /** Epoch milliseconds. */
  updatedAt: number;
}

/**
 * What happens while a resource is in progress. Resolves to more attributes.
 *
 * @throws JobFailure with the reason why the resource is CREATE FAILED
 */
export type Work = (resource: Resource, signal: AbortSignal) => Promise<Json | void>;

/** Why a resource could not be created, as its description shows it. */
export class JobFailure extends Error {}

/** Every resource by ARN, from its creation to its deletion. */
export class Lifecycle {
  private readonly resources = new Map<string, Resource>();
  private readonly ongoing = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private begun = 0;

  /** @param stepMs milliseconds of the cloud's time that a resource is pending, and then at least in progress */
  constructor(
    private readonly cloud: Cloud,
    private readonly stepMs: number,
  ) {}

  /**
   * Creates a resource, which becomes ACTIVE or CREATE FAILED later.
   *
   * @param work runs while the resource is in progress; `null`: the resource is ACTIVE at once. @default nothing runs
   * @throws ServiceError ResourceAlreadyExistsException
   */
  begin(given: Pick<Resource, "type" | "arn" | "properties" | "attributes">, work?: Work | null): Resource {
    if (this.resources.has(given.arn)) throw exists(given.arn);
    const now = this.cloud.clock.now();
    const status = work === null ? "ACTIVE" : "CREATE PENDING";
    const resource: Resource = { ...given, number: ++this.begun, status, createdAt: now, updatedAt: now };
    this.resources.set(resource.arn, resource);
    if (work !== null) this.follow(resource.arn, this.create(resource, work));
    return resource;
  }

  /** Deletes a resource, which disappears later. */
  remove(resource: Resource): void {
    this.enter(resource, "DELETE PENDING");
    this.follow(resource.arn, this.delete(resource));
  }

  /** Adds attributes to a resource. */
  extend(resource: Resource, attributes: Json): void {
    Object.assign(resource.attributes, attributes);
    this.enter(resource, resource.status);
  }

  /** Waits for one step of the cloud's time. */
  async pause(): Promise<void> {
    await this.cloud.clock.sleep(this.stepMs, this.stopping.signal);
  }

  /** Resolves when a resource is no longer pending or in progress. */
  async settled(arn: string): Promise<void> {
    await this.ongoing.get(arn);
  }

  /** Runs work on a resource in the background. The work may reject only when the cloud stops. */
  follow(arn: string, work: Promise<void>): void {
    const followed = work
      .catch((error: unknown) => {
        if (!this.stopping.signal.aborted) throw error;
      })
      .finally(() => {
        if (this.ongoing.get(arn) === followed) this.ongoing.delete(arn);
      });
    this.ongoing.set(arn, followed);
  }

  /** Stops all work. */
  async close(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.ongoing.values());
  }

  /** @throws ServiceError ResourceNotFoundException */
  find(type: string, arn: unknown): Resource {
    const resource = this.resources.get(String(arn));
    if (resource?.type === type) return resource;
    throw new ServiceError("ResourceNotFoundException", `Resource with ARN ${String(arn)} does not exist.`);
  }

  /** @throws ServiceError ResourceNotFoundException, ResourceInUseException */
  active(type: string, arn: unknown): Resource {
    const resource = this.find(type, arn);
    if (resource.status !== "ACTIVE") throw inUse(`Resource ${resource.arn} is in status ${resource.status}.`);
    return resource;
  }

  /**
   * Finds a resource that is ACTIVE or CREATE FAILED.
   *
   * @throws ServiceError ResourceNotFoundException, ResourceInUseException
   */
  ended(type: string, arn: unknown): Resource {
    const resource = this.find(type, arn);
    return resource.status === "CREATE FAILED" ? resource : this.active(type, arn);
  }

  /** The resources of a type with these properties, in the order of creation. */
  all(type: string, where: Json = {}): Resource[] {
    return [...this.resources.values()].filter(
      (resource) => resource.type === type && Object.entries(where).every(([key, value]) => resource.properties[key] === value),
    );
  }

  private async create(resource: Resource, work?: Work): Promise<void> {
    await this.pause();
    if (work === undefined) return this.enter(resource, "ACTIVE");
    this.enter(resource, "CREATE IN PROGRESS");
    try {
      const attributes = await work(resource, this.stopping.signal);
      await this.pause();
      Object.assign(resource.attributes, attributes);
      this.enter(resource, "ACTIVE");
    } catch (error) {
      this.stopping.signal.throwIfAborted();
      resource.failureReason = error instanceof JobFailure ? error.message : `The local cloud failed: ${String(error)}`;
      this.enter(resource, "CREATE FAILED");
    }
  }

  private async delete(resource: Resource): Promise<void> {
    await this.pause();
    this.enter(resource, "DELETE IN PROGRESS");
    await this.pause();
    this.resources.delete(resource.arn);
  }

  private enter(resource: Resource, status: Status): void {
    Object.assign(resource, { status, updatedAt: this.cloud.clock.now() });
  }
}

/** Whether a resource, or an update of one, is pending or in progress. */
export const isBusy = ({ status }: { status: string }): boolean => status === "CREATE PENDING" || status === "CREATE IN PROGRESS";

/** The ARN of a resource of the account. */
export const arnOf = ({ region, account }: Cloud, resource: string): string => `arn:aws:personalize:${region}:${account}:${resource}`;

/** The error for a name that is taken. */
export const exists = (what: string): ServiceError =>
  new ServiceError("ResourceAlreadyExistsException", `Another resource with ${what} exists.`);

/** The error for a resource whose status, or whose users, rule the call out. */
export const inUse = (message: string): ServiceError => new ServiceError("ResourceInUseException", message);

/** The error for a request that breaks a rule. */
export const invalid = (message: string): ServiceError => new ServiceError("InvalidInputException", message);
