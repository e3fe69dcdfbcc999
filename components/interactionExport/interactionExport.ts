import * as pulumi from "@pulumi/pulumi";
import { INTERACTION_COLUMNS } from "../shared/interactions";
import { bundledCode } from "../shared/lambdaCode";
import { LambdaFunction } from "../shared/lambdaFunction";
import { eventPrefixes, historyDescriptionsPrefix, physicalName } from "../shared/naming";
import { allow, readStatements } from "../shared/policies";
import { arnsOf, type TenantContext } from "../shared/tenantContext";
import { exportJob, JOB_MINUTES } from "./exportJob";
import { type ExportLocations, exportLocations, type Exporter, type ExportSource, partsAddress, type PartsOrigin } from "./exportLocations";
import { exportFunctionStatements } from "./exportPolicies";

/** Header names by column. */
export type HistoryColumns = Partial<Record<"USER_ID" | "ITEM_ID" | "TIMESTAMP" | "EVENT_TYPE", string>>;

export interface InteractionExportArgs {
  context: TenantContext;
  /** Columns of the CSV, in order. @default USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE */
  interactionColumns?: readonly string[];
  /** Whether a Lambda function or a Glue job joins the parts into one CSV. @default lambda */
  engine?: "lambda" | "glue";
  /** Parts of another pipeline. @default the parts of the pipeline's own query */
  source?: ExportSource;
  /** Header names of the history files' columns. @default the columns' own names */
  historyColumns?: HistoryColumns;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAXIMUM_SECONDS = 900;
const EXPORT_MEMORY_MIB = 1024;
/** One vCPU, to inflate history, and with room for the ids of a source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const ONE_CPU_MEMORY_MIB = 1769;

/** The pipeline's workers: one describes every history file, one joins a run's parts into the CSV for Personalize. */
export class InteractionExport extends pulumi.ComponentResource {
  /** What the pipeline calls, known at preview. */
  readonly targets: { exporter: Exporter; parts: PartsOrigin };

  constructor(name: string, args: InteractionExportArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:export:InteractionExport", name, args, opts);
    const { context, interactionColumns = INTERACTION_COLUMNS, engine = "lambda", source, historyColumns = {} } = args;
    const functionArn = (purpose: string) => arnsOf(context).function(physicalName("function", context, purpose));
    const locations = exportLocations(context, interactionColumns, source);

    if (source === undefined) this.historyFunction(`${name}-history`, context, historyColumns);
    if (engine === "lambda") this.exportFunction(`${name}-export`, locations);
    else exportJob(`${name}-export`, locations, { parent: this });

    this.targets = {
      exporter:
        engine === "lambda"
          ? { engine, functionArn: functionArn("export") }
          : { engine, jobName: physicalName("job", context, "export"), timeoutMinutes: JOB_MINUTES },
      parts: source === undefined ? { historyFunctionArn: functionArn("history") } : { sourcePrefix: source.prefix },
    };
    this.registerOutputs({ targets: this.targets });
  }

  private historyFunction(name: string, context: TenantContext, columns: HistoryColumns): void {
    const { upstream, lake } = context.buckets;
    const { history } = eventPrefixes(context.keyPrefix);
    const folder = historyDescriptionsPrefix(context.keyPrefix);
    const descriptions = `${folder}descriptions.json`;
    const arns = arnsOf(context);
    new LambdaFunction(
      name,
      {
        context,
        purpose: "history",
        code: bundledCode("functions/describeHistory/index.ts"),
        statements: [
          ...readStatements(context, upstream, [history]),
          allow("KeepDescriptions", ["s3:GetObject", "s3:PutObject"], arns.object(lake, descriptions)),
          allow("FindDescriptions", "s3:ListBucket", arns.bucket(lake), { StringLike: { "s3:prefix": `${folder}*` } }),
        ],
        memoryMiB: ONE_CPU_MEMORY_MIB,
        timeoutSeconds: MAXIMUM_SECONDS,
        environment: {
          HISTORY_BUCKET: upstream,
          HISTORY_PREFIX: history,
          HISTORY_COLUMNS: JSON.stringify(columns),
          DESCRIPTIONS_BUCKET: lake,
          DESCRIPTIONS_KEY: descriptions,
        },
      },
      { parent: this },
    );
  }

  private exportFunction(name: string, locations: ExportLocations): void {
    const { context, source, input, manifest, columns, header, work } = locations;
    new LambdaFunction(
      name,
      {
        context,
        purpose: "export",
        code: bundledCode("functions/exportInteractions/index.ts"),
        statements: exportFunctionStatements(locations),
        memoryMiB: source === undefined ? EXPORT_MEMORY_MIB : ONE_CPU_MEMORY_MIB,
        timeoutSeconds: MAXIMUM_SECONDS,
        environment: {
          TARGET_BUCKET: context.buckets.downstream,
          TARGET_KEY: input,
          MANIFEST_KEY: manifest,
          COLUMNS: columns,
          HEADER: header,
          PARTS_LOCATION: partsAddress(locations),
          WORK_LOCATION: `s3://${context.buckets.cache}/${work}`,
        },
      },
      { parent: this },
    );
  }
}
