import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  cachePrefixes,
  databaseName,
  eventPrefixes,
  historyDescriptionsPrefix,
  interactionsPrefix,
  physicalName,
  trainingRunsPrefix,
} from "../shared/naming";
import type { TenantContext } from "../shared/tenantContext";
import { HISTORY_DESCRIPTIONS, INTERACTIONS, LINES, TABLES, type TableFormat, TRAINING_RUNS } from "./tableFormats";

export interface CatalogArgs {
  context: TenantContext;
  /** Physical name of the Glue database. @default `<tenant>_crm_derived_restricted`, with `_<stage>` outside prod */
  database?: string;
  /** First hour that may have raw events, `yyyy/MM/dd/HH` in UTC: queries read no earlier one. @default 2026/01/01/00 */
  projectionStart?: string;
}

/** Bytes that one query may scan before Athena stops it: a runaway query costs at most about 5 US dollars. */
const SCAN_LIMIT_BYTES = 1024 ** 4;

/** A tenant's lake in Athena: a Glue database with tables of raw events, history and its descriptions, interactions and training runs, and a workgroup. */
export class Catalog extends pulumi.ComponentResource {
  /** Physical name of the database, known at preview. */
  readonly databaseName: string;
  /** Physical name of the workgroup, known at preview. */
  readonly workgroupName: string;

  constructor(name: string, args: CatalogArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:lake:Catalog", name, args, opts);
    const { context, projectionStart = "2026/01/01/00" } = args;
    const { buckets, keyPrefix, tags } = context;
    const parent = { parent: this };

    this.databaseName = args.database ?? databaseName(context);
    const database = new aws.glue.CatalogDatabase(`${name}-database`, { name: this.databaseName, tags }, parent);
    for (const [key, table] of Object.entries(tables(context, projectionStart))) {
      new aws.glue.CatalogTable(`${name}-${key}`, { databaseName: database.name, tableType: "EXTERNAL_TABLE", ...table }, parent);
    }

    this.workgroupName = physicalName("workgroup", context, "athena");
    new aws.athena.Workgroup(
      `${name}-workgroup`,
      {
        name: this.workgroupName,
        configuration: {
          enforceWorkgroupConfiguration: true,
          publishCloudwatchMetricsEnabled: true,
          bytesScannedCutoffPerQuery: SCAN_LIMIT_BYTES,
          engineVersion: { selectedEngineVersion: "Athena engine version 3" },
          resultConfiguration: {
            outputLocation: `s3://${buckets.cache}/${cachePrefixes(keyPrefix).results}`,
            expectedBucketOwner: context.account,
            encryptionConfiguration: { encryptionOption: "SSE_S3" },
          },
        },
        // Otherwise its history of queries, which is no data, would keep it from being deleted.
        forceDestroy: true,
        tags,
      },
      parent,
    );

    this.registerOutputs({ databaseName: this.databaseName, workgroupName: this.workgroupName });
  }
}

type Table = Pick<aws.glue.CatalogTableArgs, "name" | "storageDescriptor" | "partitionKeys" | "parameters">;

function tables({ buckets, keyPrefix }: TenantContext, projectionStart: string): Record<keyof typeof TABLES, Table> {
  const { latest, history } = eventPrefixes(keyPrefix);
  const events = `s3://${buckets.upstream}/${latest}`;
  const trainings = `s3://${buckets.lake}/${trainingRunsPrefix(keyPrefix)}`;
  return {
    events: {
      name: TABLES.events,
      storageDescriptor: storageDescriptor(events, LINES),
      partitionKeys: [{ name: "datehour", type: "string" }],
      parameters: { EXTERNAL: "TRUE", ...hourlyPartitions(events, projectionStart) },
    },
    history: {
      name: TABLES.history,
      storageDescriptor: storageDescriptor(`s3://${buckets.upstream}/${history}`, LINES),
      parameters: { EXTERNAL: "TRUE" },
    },
    descriptions: {
      name: TABLES.descriptions,
      storageDescriptor: storageDescriptor(`s3://${buckets.lake}/${historyDescriptionsPrefix(keyPrefix)}`, HISTORY_DESCRIPTIONS),
      parameters: { EXTERNAL: "TRUE" },
    },
    interactions: {
      name: TABLES.interactions,
      storageDescriptor: storageDescriptor(`s3://${buckets.lake}/${interactionsPrefix(keyPrefix)}`, INTERACTIONS),
      partitionKeys: [{ name: "dt", type: "string" }],
      parameters: { EXTERNAL: "TRUE", classification: "parquet" },
    },
    trainings: {
      name: TABLES.trainings,
      storageDescriptor: storageDescriptor(trainings, TRAINING_RUNS),
      partitionKeys: [{ name: "dt", type: "string" }],
      parameters: { EXTERNAL: "TRUE", ...dailyPartitions(trainings, projectionStart) },
    },
  };
}

/** Partition projection by the hour up to now: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-kinesis-firehose-example.html */
function hourlyPartitions(location: string, start: string): Record<string, string> {
  return { ...projection("datehour", "yyyy/MM/dd/HH", "HOURS", start), "storage.location.template": `${location}\${datehour}/` };
}

/** Partition projection by the day up to now. */
function dailyPartitions(location: string, start: string): Record<string, string> {
  const day = start.slice(0, "2026/01/31".length).replaceAll("/", "-");
  return { ...projection("dt", "yyyy-MM-dd", "DAYS", day), "storage.location.template": `${location}dt=\${dt}/` };
}

function projection(key: string, format: string, unit: string, start: string): Record<string, string> {
  return {
    "projection.enabled": "true",
    [`projection.${key}.type`]: "date",
    [`projection.${key}.format`]: format,
    [`projection.${key}.range`]: `${start},NOW`,
    [`projection.${key}.interval`]: "1",
    [`projection.${key}.interval.unit`]: unit,
  };
}

function storageDescriptor(location: string, format: TableFormat): aws.types.input.glue.CatalogTableStorageDescriptor {
  const { SerdeInfo, Columns } = format;
  return {
    location,
    inputFormat: format.InputFormat,
    outputFormat: format.OutputFormat,
    serDeInfo: { serializationLibrary: SerdeInfo.SerializationLibrary, parameters: SerdeInfo.Parameters },
    columns: Columns.map(({ Name, Type }) => ({ name: Name, type: Type })),
  };
}
