import type { Cloud, Service } from "../service";
import { campaignOperations } from "./campaigns";
import { controlPlane } from "./controlPlane";
import { importOperations } from "./importJobs";
import type { TrackedEvent } from "./interactions";
import { Lifecycle } from "./lifecycle";
import { sharedOperations } from "./operations";
import { putEventsOperations } from "./putEvents";
import { Recommendations } from "./recommendations";
import { trainingOperations } from "./training";

/** What a test can make fail. */
export type Failing = "import" | "version" | "campaign" | "campaignUpdate";

/** The service, with access to its resources. */
export interface PersonalizeService extends Service {
  lifecycle: Lifecycle;
}

/** How the local Personalize behaves. */
export interface PersonalizeOptions {
  /** Minimum duration of PutEvents in real milliseconds. @default 10 */
  latencyMs?: number;
  /** Milliseconds of the cloud's time that a resource is in CREATE PENDING, and then at least in CREATE IN PROGRESS. @default 5000 */
  creationMs?: number;
  /** Reason for which a job, version, campaign or campaign update of this name fails. @default nothing fails */
  fails?: (kind: Failing, name: string) => string | undefined;
  /**
   * Seed with which each row of a version's training data gets an item drawn uniformly among those of the data; asked when training
   * begins. @default rows keep their items
   */
  drawnItems?: () => number | undefined;
  /** Reason for which PutEvents rejects a valid event, and with it the call. @default none is rejected */
  rejects?: (event: TrackedEvent) => string | undefined;
}

/**
 * Amazon Personalize: dataset groups, schemas, datasets and event trackers by Cloud Control; imports, training, campaigns, PutEvents and
 * GetRecommendations by its own operations.
 *
 * An event tracker that is not ACTIVE yet answers ResourceInUseException (409).
 */
export function makePersonalize(options: PersonalizeOptions = {}) {
  const { latencyMs = 10, creationMs = 5000, fails = () => undefined, rejects = () => undefined } = options;
  const { drawnItems = () => undefined } = options;
  return (cloud: Cloud): PersonalizeService => {
    const lifecycle = new Lifecycle(cloud, creationMs);
    const recommendations = new Recommendations(cloud, lifecycle);
    return {
      lifecycle,
      signingName: "personalize",
      protocol: "restJson",
      resources: controlPlane(cloud, lifecycle),
      operations: {
        ...putEventsOperations({ cloud, lifecycle, latencyMs, rejects, accept: (group, seen) => recommendations.see(group, seen) }),
        ...recommendations.operations(),
        ...sharedOperations(lifecycle),
        ...importOperations(cloud, lifecycle, (name) => fails("import", name)),
        ...trainingOperations(cloud, lifecycle, (name) => fails("version", name), drawnItems),
        ...campaignOperations({ cloud, lifecycle, fails, load: (version) => recommendations.load(version) }),
      },
      close: () => lifecycle.close(),
    };
  };
}
