import type { Cloud, ResourceType, Service, ServiceFactory } from "../service";
import { campaignOperations, CAMPAIGNS } from "./campaigns";
import { ControlPlane, DATASET, DATASET_GROUP, EVENT_TRACKER, SCHEMA } from "./controlPlane";
import { deleteOperations } from "./deletions";
import { IMPORT_JOBS, importOperations } from "./imports";
import { Lifecycle } from "./lifecycle";
import { checkProperties, propertiesOf } from "./properties";
import { PutEvents } from "./putEvents";
import { readOperations } from "./reads";
import { Recommendations } from "./recommendations";
import { solutionOperations, SOLUTIONS } from "./solutions";
import { SOLUTION_VERSIONS, versionOperations } from "./solutionVersions";

/** What can be made to fail. */
export type Failing = "import" | "version" | "campaign" | "campaignUpdate";

/** The service with its resources. */
export interface PersonalizeService extends Service {
  lifecycle: Lifecycle;
}

/** How the local Personalize behaves. */
export interface PersonalizeOptions {
  /** Real milliseconds that PutEvents takes at least. @default 10 */
  latencyMs?: number;
  /** Milliseconds of the cloud's time that a resource is in CREATE PENDING, and again at least that a job is in progress. @default 5000 */
  creationMs?: number;
  /** The reason for which a job, a version, a campaign or its update of this name fails. @default none does */
  fails?: (kind: Failing, name: string) => string | undefined;
}

/**
 * Amazon Personalize: dataset groups, schemas, datasets and event trackers by Cloud Control, imports, training and campaigns by its own
 * operations, PutEvents and GetRecommendations.
 *
 * An event tracker that is not ACTIVE yet answers ResourceInUseException (409).
 */
export function makePersonalize({ latencyMs = 10, creationMs = 5000, fails = () => undefined }: PersonalizeOptions = {}): (
  cloud: Cloud,
) => PersonalizeService {
  return (cloud: Cloud): PersonalizeService => {
    const lifecycle = new Lifecycle(cloud, creationMs);
    const plane = new ControlPlane(cloud, lifecycle);
    const recommendations = new Recommendations(cloud, lifecycle);
    const putEvents = new PutEvents(cloud, plane, latencyMs, (group, interaction) => recommendations.see(group, interaction));
    const resource = (type: string): ResourceType => ({
      inputs: propertiesOf(type),
      check: (inputs) => checkProperties(type, inputs),
      create: (inputs) => plane.create(type, inputs),
    });
    return {
      lifecycle,
      signingName: "personalize",
      protocol: "restJson",
      resources: Object.fromEntries([DATASET_GROUP, SCHEMA, DATASET, EVENT_TRACKER].map((type) => [type, resource(type)])),
      operations: {
        "POST /events": putEvents,
        "POST /recommendations": recommendations,
        ...readOperations(lifecycle, [IMPORT_JOBS, SOLUTIONS, SOLUTION_VERSIONS, CAMPAIGNS]),
        ...importOperations({ cloud, lifecycle, fails: (name) => fails("import", name) }),
        ...solutionOperations(cloud, lifecycle),
        ...versionOperations({ cloud, lifecycle, fails: (name) => fails("version", name) }),
        ...campaignOperations({ cloud, lifecycle, fails, load: async (version) => void (await recommendations.load(version)) }),
        ...deleteOperations(lifecycle),
      },
      close: () => lifecycle.close(),
    };
  };
}

/** Amazon Personalize with the service's usual latency. */
export const personalize: ServiceFactory = makePersonalize();
