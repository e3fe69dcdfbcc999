import { randomBytes, randomUUID } from "node:crypto";
import type { Cloud, Json } from "../service";
import { ServiceError } from "../service";
import { checkSchema } from "./avroSchema";
import { exists, type Lifecycle, type Made } from "./lifecycle";
import { requireProperties } from "./properties";

/** Type names of Cloud Control. */
export const DATASET_GROUP = "AWS::Personalize::DatasetGroup";
export const SCHEMA = "AWS::Personalize::Schema";
export const DATASET = "AWS::Personalize::Dataset";
export const EVENT_TRACKER = "AWS::Personalize::EventTracker";

/** Dataset groups, schemas, datasets and event trackers. */
export class ControlPlane {
  constructor(
    private readonly cloud: Cloud,
    private readonly lifecycle: Lifecycle,
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
    const arn = arnOf(this.cloud, resource);
    const kind = type.slice(type.lastIndexOf(":") + 1);
    const given = { type, arn, properties: inputs, attributes: { [`${kind}Arn`]: arn, ...attributes } };
    const made = this.lifecycle.begin(given, type === SCHEMA ? null : undefined);
    if (type !== EVENT_TRACKER) await this.lifecycle.settled(arn);
    return { id: arn, state: { ...inputs, ...made.attributes } };
  }

  /** The tracker with this tracking id. */
  tracker(trackingId: string): Made | undefined {
    return this.lifecycle.all(EVENT_TRACKER).find(({ attributes }) => attributes.TrackingId === trackingId);
  }

  private identify(type: string, inputs: Json): { resource: string; attributes?: Json } {
    const name = String(inputs.Name);
    if (type === DATASET_GROUP) return { resource: `dataset-group/${name}` };
    if (type === SCHEMA) return { resource: `schema/${name}` };
    const group = this.lifecycle.active(DATASET_GROUP, inputs.DatasetGroupArn);
    const DatasetGroupArn = group.arn;
    if (this.lifecycle.all(type, { Name: name, DatasetGroupArn }).length > 0) throw exists(name);
    if (type === DATASET) {
      const kind = String(inputs.DatasetType);
      const record = checkSchema(String(this.lifecycle.find(SCHEMA, inputs.SchemaArn).properties.Schema));
      if (record !== kind) throw new ServiceError("InvalidInputException", `Schema for ${record} cannot be used with a ${kind} dataset.`);
      return { resource: `dataset/${String(group.properties.Name)}/${kind.toUpperCase()}` };
    }
    if (!this.lifecycle.all(DATASET, { DatasetGroupArn, DatasetType: "Interactions" }).some(({ status }) => status === "ACTIVE")) {
      throw new ServiceError("InvalidInputException", `Dataset group ${DatasetGroupArn} must have an active Interactions dataset.`);
    }
    const taken = this.lifecycle.all(EVENT_TRACKER, { DatasetGroupArn }).at(0);
    if (taken) throw new ServiceError("LimitExceededException", `Dataset group ${DatasetGroupArn} has the event tracker ${taken.arn}.`);
    return { resource: `event-tracker/${randomBytes(4).toString("hex")}`, attributes: { TrackingId: randomUUID() } };
  }
}

/** The ARN of a resource of this account's. */
export function arnOf({ region, account }: Cloud, resource: string): string {
  return `arn:aws:personalize:${region}:${account}:${resource}`;
}
