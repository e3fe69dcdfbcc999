import { randomBytes, randomUUID } from "node:crypto";
import type { Cloud, Json } from "../service";
import { ServiceError } from "../service";
import { checkSchema } from "./avroSchema";
import { requireProperties } from "./properties";

/** Type names of Cloud Control. */
export const DATASET_GROUP = "AWS::Personalize::DatasetGroup";
export const SCHEMA = "AWS::Personalize::Schema";
export const DATASET = "AWS::Personalize::Dataset";
export const EVENT_TRACKER = "AWS::Personalize::EventTracker";

/** A resource of the control plane. */
export interface Made {
  type: string;
  arn: string;
  /** What it was made with. */
  properties: Json;
  /** Attributes that the service gives it: its ARN, and a tracker's TrackingId. */
  attributes: Json;
  status: "CREATE PENDING" | "ACTIVE";
  /** Epoch milliseconds. */
  createdAt: number;
}

/** Dataset groups, schemas, datasets and event trackers by ARN, kept in the log "resources". */
export class ControlPlane {
  private readonly made = new Map<string, Made>();
  private readonly stopping = new AbortController();

  /** @param creationMs milliseconds of the cloud's time from CREATE PENDING to ACTIVE */
  constructor(
    private readonly cloud: Cloud,
    private readonly creationMs: number,
  ) {}

  /**
   * Makes a resource. A group or a dataset is ACTIVE when this resolves; a tracker becomes so later,
   * because nobody promises that Cloud Control waits for it.
   *
   * @throws ServiceError ResourceAlreadyExistsException, ResourceNotFoundException, ResourceInUseException, InvalidInputException
   */
  async create(type: string, inputs: Json): Promise<{ id: string; state: Json }> {
    requireProperties(type, inputs);
    const { resource, attributes } = this.identify(type, inputs);
    const arn = `arn:aws:personalize:${this.cloud.region}:${this.cloud.account}:${resource}`;
    if (this.made.has(arn)) throw exists(arn);
    const kind = type.slice(type.lastIndexOf(":") + 1);
    const made: Made = {
      type,
      arn,
      properties: inputs,
      attributes: { [`${kind}Arn`]: arn, ...attributes },
      status: type === SCHEMA ? "ACTIVE" : "CREATE PENDING",
      createdAt: this.cloud.clock.now(),
    };
    this.made.set(arn, made);
    await this.cloud.store("personalize").append("resources", { ...made });
    const active = made.status === "ACTIVE" ? Promise.resolve() : this.activate(made);
    if (type === EVENT_TRACKER) active.catch(() => undefined);
    else await active;
    return { id: arn, state: { ...inputs, ...made.attributes } };
  }

  /** Rebuilds the resources; all of them are ACTIVE after a restart. */
  async restore(): Promise<void> {
    for await (const entry of this.cloud.store("personalize").replay("resources")) {
      const made = entry as unknown as Made;
      this.made.set(made.arn, { ...made, status: "ACTIVE" });
    }
  }

  /** Ends the waits for ACTIVE. */
  close(): void {
    this.stopping.abort();
  }

  /** @throws ServiceError ResourceNotFoundException */
  find(type: string, arn: unknown): Made {
    const made = this.made.get(String(arn));
    if (made?.type !== type) throw new ServiceError("ResourceNotFoundException", `Resource with ARN ${String(arn)} does not exist.`, 400);
    return made;
  }

  /** The resources of a type in the order of their creation. */
  all(type: string, where: Json = {}): Made[] {
    return [...this.made.values()].filter(
      (made) => made.type === type && Object.entries(where).every(([key, value]) => made.properties[key] === value),
    );
  }

  /** The tracker with this tracking id. */
  tracker(trackingId: string): Made | undefined {
    return this.all(EVENT_TRACKER).find(({ attributes }) => attributes.TrackingId === trackingId);
  }

  private async activate(made: Made): Promise<void> {
    await this.cloud.clock.sleep(this.creationMs, this.stopping.signal);
    made.status = "ACTIVE";
  }

  private identify(type: string, inputs: Json): { resource: string; attributes?: Json } {
    const name = String(inputs.Name);
    if (type === DATASET_GROUP) return { resource: `dataset-group/${name}` };
    if (type === SCHEMA) return { resource: `schema/${name}` };
    const group = this.active(DATASET_GROUP, inputs.DatasetGroupArn);
    const DatasetGroupArn = group.arn;
    if (this.all(type, { Name: name, DatasetGroupArn }).length > 0) throw exists(name);
    if (type === DATASET) {
      const kind = String(inputs.DatasetType);
      const record = checkSchema(String(this.find(SCHEMA, inputs.SchemaArn).properties.Schema));
      if (record !== kind) throw new ServiceError("InvalidInputException", `Schema for ${record} cannot be used with a ${kind} dataset.`);
      return { resource: `dataset/${String(group.properties.Name)}/${kind.toUpperCase()}` };
    }
    if (!this.all(DATASET, { DatasetGroupArn, DatasetType: "Interactions" }).some(({ status }) => status === "ACTIVE")) {
      throw new ServiceError("InvalidInputException", `Dataset group ${DatasetGroupArn} must have an active Interactions dataset.`);
    }
    const taken = this.all(EVENT_TRACKER, { DatasetGroupArn }).at(0);
    if (taken) throw new ServiceError("LimitExceededException", `Dataset group ${DatasetGroupArn} has the event tracker ${taken.arn}.`);
    return { resource: `event-tracker/${randomBytes(4).toString("hex")}`, attributes: { TrackingId: randomUUID() } };
  }

  private active(type: string, arn: unknown): Made {
    const made = this.find(type, arn);
    if (made.status !== "ACTIVE") throw new ServiceError("ResourceInUseException", `Resource ${made.arn} is in status ${made.status}.`);
    return made;
  }
}

const exists = (what: string): ServiceError => new ServiceError("ResourceAlreadyExistsException", `Another resource with ${what} exists.`);
