import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { cachePrefixes, eventPrefixes, interactionsPrefix, physicalName, trainingRunsPrefix } from "../shared/naming";
import type { TenantContext } from "../shared/tenantContext";
import { INTERACTIONS, LINES, TABLES, type TableFormat, TRAINING_RUNS } from "./tableFormats";

export interface CatalogArgs {
  context: TenantContext;
  /** Name of the Glue database. */
  database: string;
  /** First hour of raw events that queries look for, `yyyy/MM/dd/HH` in UTC: no event arrived before it. */
  projectionStart: string;
  /** Whether the workgroup refuses deletion while it remembers queries. */
  protect: boolean;
}

/** What is not the same for all tables. */
interface TableRest {
  partitionKeys?: aws.types.input.glue.CatalogTablePartitionKey[];
  parameters?: Record<string, string>;
}

/** Bytes that one query may scan before Athena stops it: a query that goes astray costs at most about 5 US dollars. */
const SCAN_LIMIT_BYTES = 1024 ** 4;

/** What Athena knows of a tenant's lake: a database, raw events and history a line a row, interactions, training runs, a workgroup. */
export class Catalog extends pulumi.ComponentResource {
  readonly database: aws.glue.CatalogDatabase;
  readonly tables: Record<keyof typeof TABLES, aws.glue.CatalogTable>;
  readonly workgroup: aws.athena.Workgroup;
  /** Name of the workgroup, known at preview. */
  readonly workgroupName: string;

  constructor(name: string, args: CatalogArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:lake:Catalog", name, {}, opts);
    const { context } = args;
    const { buckets, keyPrefix, tags } = context;
    const { latest, history } = eventPrefixes(keyPrefix);
    const parent = { parent: this };

    this.database = new aws.glue.CatalogDatabase(`${name}-database`, { name: args.database, tags }, parent);
    const table = (role: keyof typeof TABLES, location: string, format: TableFormat, rest: TableRest) =>
      new aws.glue.CatalogTable(
        `${name}-${role}`,
        {
          databaseName: this.database.name,
          name: TABLES[role],
          tableType: "EXTERNAL_TABLE",
          storageDescriptor: storageDescriptor(location, format),
          ...rest,
          parameters: { EXTERNAL: "TRUE", ...rest.parameters },
        },
        parent,
      );
    const events = `s3://${buckets.upstream}/${latest}`;
    const trainings = `s3://${buckets.lake}/${trainingRunsPrefix(keyPrefix)}`;
    this.tables = {
      events: table("events", events, LINES, {
        partitionKeys: [{ name: "datehour", type: "string" }],
        parameters: hourly(events, args.projectionStart),
      }),
      history: table("history", `s3://${buckets.upstream}/${history}`, LINES, {}),
      interactions: table("interactions", `s3://${buckets.lake}/${interactionsPrefix(keyPrefix)}`, INTERACTIONS, {
        partitionKeys: [{ name: "dt", type: "string" }],
        parameters: { classification: "parquet" },
      }),
      trainings: table("trainings", trainings, TRAINING_RUNS, {
        partitionKeys: [{ name: "dt", type: "string" }],
        parameters: daily(trainings, args.projectionStart),
      }),
    };
    this.workgroupName = physicalName("workgroup", context, "athena");
    this.workgroup = new aws.athena.Workgroup(
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
        forceDestroy: !args.protect,
        tags,
      },
      parent,
    );

    this.registerOutputs({ database: this.database.name, workgroup: this.workgroup.name });
  }
}

/** Hourly partitions that follow from the clock: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-kinesis-firehose-example.html */
function hourly(location: string, start: string): Record<string, string> {
  return { ...projection("datehour", "yyyy/MM/dd/HH", "HOURS", start), "storage.location.template": `${location}\${datehour}/` };
}

/** The same for run dates. */
function daily(location: string, start: string): Record<string, string> {
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
