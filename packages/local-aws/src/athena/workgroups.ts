import { z } from "zod";
import { inputsOf } from "../inputs";
import { ServiceError, type Cloud, type ResourceType } from "../service";
import { parseLocation } from "./location";

/** A workgroup with its settings. */
export interface Workgroup {
  name: string;
  /** `s3://bucket/prefix/` of the results. */
  outputLocation?: string;
  /** Account that must own the bucket of the results. */
  expectedBucketOwner?: string;
  enabled: boolean;
  /** Whether its settings override those of a query. */
  enforced: boolean;
  /** Scan limit of a query in bytes. */
  cutoff?: number;
}

const TEXTS = z.record(z.string(), z.string()).default({});

/** Inputs of a workgroup: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html */
const WORKGROUP = inputsOf(
  z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9._-]{1,128}$/, "1 to 128 of a-z, A-Z, 0-9, ., _ and -"),
    state: z.enum(["ENABLED", "DISABLED"]).default("ENABLED"),
    description: z.string().optional(),
    forceDestroy: z.boolean().optional(),
    tags: TEXTS,
    configuration: z
      .strictObject({
        enforceWorkgroupConfiguration: z.boolean().default(true),
        publishCloudwatchMetricsEnabled: z.boolean().optional(),
        requesterPaysEnabled: z.boolean().optional(),
        // https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
        bytesScannedCutoffPerQuery: z.int().min(10_000_000).optional(),
        engineVersion: z.strictObject({ selectedEngineVersion: z.enum(["AUTO", "Athena engine version 3"]).optional() }).optional(),
        resultConfiguration: z
          .strictObject({
            outputLocation: z
              .string()
              .refine((uri) => parseLocation(uri) !== undefined, "s3://bucket/prefix/")
              .optional(),
            expectedBucketOwner: z.string().optional(),
            encryptionConfiguration: z
              .strictObject({ encryptionOption: z.enum(["SSE_S3"]).optional(), kmsKeyArn: z.string().optional() })
              .optional(),
          })
          .default({}),
      })
      .prefault({}),
  }),
  ({ name }) => `Workgroup "${String(name)}"`,
);

/** The workgroups of an account; `primary` is always there. */
export class Workgroups {
  private readonly byName = new Map<string, Workgroup>([["primary", { name: "primary", enabled: true, enforced: false }]]);

  constructor(private readonly cloud: Cloud) {}

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
      inputs: WORKGROUP.names,
      check: WORKGROUP.check,
      create: async (inputs) => {
        const { name, state, tags, configuration } = WORKGROUP.read(inputs);
        if (this.byName.has(name)) throw new ServiceError("InvalidRequestException", `WorkGroup ${name} is already created`);
        const { enforceWorkgroupConfiguration: enforced, bytesScannedCutoffPerQuery: cutoff, resultConfiguration } = configuration;
        const { outputLocation, expectedBucketOwner } = resultConfiguration;
        this.byName.set(name, { name, enabled: state === "ENABLED", enforced, cutoff, outputLocation, expectedBucketOwner });
        return { id: name, state: { arn: this.arn(name), tagsAll: tags } };
      },
    };
  }
}
