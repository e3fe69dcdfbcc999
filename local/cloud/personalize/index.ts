import type { Cloud, ResourceType, Service, ServiceFactory } from "../service";
import { ControlPlane, DATASET, DATASET_GROUP, EVENT_TRACKER, SCHEMA } from "./controlPlane";
import { checkProperties, propertiesOf } from "./properties";
import { PutEvents } from "./putEvents";
import { readOperations } from "./reads";

/** How the local Personalize behaves. */
export interface PersonalizeOptions {
  /** Real milliseconds that PutEvents takes at least. @default 10 */
  latencyMs?: number;
  /** Milliseconds of the cloud's time that a group, a dataset or a tracker is in CREATE PENDING. @default 5000 */
  creationMs?: number;
}

/**
 * Amazon Personalize: dataset groups, schemas, datasets and event trackers by Cloud Control, and PutEvents.
 *
 * An event tracker that is not ACTIVE yet answers ResourceInUseException (409).
 */
export function makePersonalize({ latencyMs = 10, creationMs = 5000 }: PersonalizeOptions = {}): ServiceFactory {
  return (cloud: Cloud): Service => {
    const plane = new ControlPlane(cloud, creationMs);
    const putEvents = new PutEvents(cloud, plane, latencyMs);
    const resource = (type: string): ResourceType => ({
      inputs: propertiesOf(type),
      check: (inputs) => checkProperties(type, inputs),
      create: (inputs) => plane.create(type, inputs),
    });
    return {
      signingName: "personalize",
      protocol: "restJson",
      resources: Object.fromEntries([DATASET_GROUP, SCHEMA, DATASET, EVENT_TRACKER].map((type) => [type, resource(type)])),
      operations: { "POST /events": putEvents, ...readOperations(plane) },
      restore: async () => {
        await plane.restore();
        await putEvents.restore();
      },
      close: async () => plane.close(),
    };
  };
}

/** Amazon Personalize with the service's usual latency. */
export const personalize: ServiceFactory = makePersonalize();
