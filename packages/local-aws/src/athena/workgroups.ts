import { flag, members, oneOf, text, texts, type Shape } from "../s3/shapes";
import type { Cloud, Json, ResourceType } from "../service";
import { ServiceError } from "../service";
import { parseLocation } from "./location";

/** Where and under whose guard results are written. */
export interface ResultConfiguration {
  /** `s3://bucket/prefix/` */
  outputLocation?: string;
  expectedBucketOwner?: string;
}

/** A workgroup with its settings. */
export interface Workgroup extends ResultConfiguration {
  name: string;
  enabled: boolean;
  /** Whether its settings override those of a query. */
  enforced: boolean;
  /** Bytes that a query may scan. */
  cutoff?: number;
}

/** https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html */
const LEAST_CUTOFF = 10_000_000;
const ENGINES = ["AUTO", "Athena engine version 3"];

const cutoff: Shape = (value, path) => {
  if (typeof value !== "number" || !Number.isInteger(value) || value < LEAST_CUTOFF) {
    throw new Error(`${path} must be a whole number of at least ${LEAST_CUTOFF} bytes, got ${JSON.stringify(value)}`);
  }
};
const location: Shape = (value, path) => {
  if (typeof value !== "string" || parseLocation(value) === undefined) {
    throw new Error(`${path} must be s3://bucket/prefix/, got ${JSON.stringify(value)}`);
  }
};
const INPUTS: Record<string, Shape> = {
  name: (value, path) => {
    if (typeof value !== "string" || !/^[a-zA-Z0-9._-]{1,128}$/.test(value)) {
      throw new Error(`${path} must be 1 to 128 of a-z, A-Z, 0-9, ., _ and -, got ${JSON.stringify(value)}`);
    }
  },
  state: oneOf("ENABLED", "DISABLED"),
  description: text,
  forceDestroy: flag,
  tags: texts,
  configuration: members({
    enforceWorkgroupConfiguration: flag,
    publishCloudwatchMetricsEnabled: flag,
    requesterPaysEnabled: flag,
    bytesScannedCutoffPerQuery: cutoff,
    engineVersion: members({ selectedEngineVersion: oneOf(...ENGINES) }),
    resultConfiguration: members({
      outputLocation: location,
      expectedBucketOwner: text,
      encryptionConfiguration: members({ encryptionOption: oneOf("SSE_S3"), kmsKeyArn: text }),
    }),
  }),
};

interface Inputs {
  name: string;
  state?: string;
  tags?: Json;
  configuration?: {
    enforceWorkgroupConfiguration?: boolean;
    bytesScannedCutoffPerQuery?: number;
    resultConfiguration?: ResultConfiguration;
  };
}

/** The workgroups of an account, in memory and in the log "workgroups"; `primary` is always there. */
export class Workgroups {
  private readonly byName = new Map<string, Workgroup>([["primary", { name: "primary", enabled: true, enforced: false }]]);
  private readonly store;

  constructor(private readonly cloud: Cloud) {
    this.store = cloud.store("athena");
  }

  async restore(): Promise<void> {
    for await (const inputs of this.store.replay("workgroups")) this.add(inputs as unknown as Inputs);
  }

  arn(name: string): string {
    return `arn:aws:athena:${this.cloud.region}:${this.cloud.account}:workgroup/${name}`;
  }

  /** @throws ServiceError InvalidRequestException */
  find(name: string): Workgroup {
    const found = this.byName.get(name);
    if (!found) throw new ServiceError("InvalidRequestException", `WorkGroup ${name} is not found.`);
    return found;
  }

  resource(): ResourceType {
    return {
      inputs: Object.keys(INPUTS),
      check: (inputs) => members(INPUTS)(inputs, `Workgroup "${String(inputs.name)}"`),
      create: async (inputs) => {
        const { name, tags = {} } = inputs as unknown as Inputs;
        if (this.byName.has(name)) throw new ServiceError("InvalidRequestException", `WorkGroup ${name} is already created`);
        this.add(inputs as unknown as Inputs);
        await this.store.append("workgroups", inputs);
        return { id: name, state: { arn: this.arn(name), tagsAll: tags } };
      },
    };
  }

  private add({ name, state, configuration = {} }: Inputs): void {
    const { enforceWorkgroupConfiguration: enforced = true, bytesScannedCutoffPerQuery, resultConfiguration } = configuration;
    const { outputLocation, expectedBucketOwner } = resultConfiguration ?? {};
    const cutoff = bytesScannedCutoffPerQuery;
    this.byName.set(name, { name, enabled: state !== "DISABLED", enforced, cutoff, outputLocation, expectedBucketOwner });
  }
}
