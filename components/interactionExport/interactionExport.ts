import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { exportFunction, historyFunction } from "./exportFunctions";
import { exportJob, JOB_MINUTES } from "./exportJob";
import { exportLocations, type ExportLocationsArgs, type Exporter, type PartsOrigin } from "./exportLocations";
import { physicalName } from "../shared/naming";
import { arnsOf } from "../shared/tenantContext";

export interface InteractionExportArgs extends ExportLocationsArgs {
  /** What joins the parts to one CSV. */
  engine: "lambda" | "glue";
  /** Name of infra, which the Glue job's script is put into; using it waits for the bucket. */
  infra: pulumi.Input<string>;
}

/** What stands at both ends of the pipeline's queries: one looks at historical drops, one joins the parts to one CSV. */
export class InteractionExport extends pulumi.ComponentResource {
  /** Names and ARNs for the pipeline, known at preview. */
  readonly targets: { exporter: Exporter; parts: PartsOrigin };
  /** Reads the first row of every historical drop; undefined when the parts are somebody else's. */
  readonly historyFunction?: aws.lambda.Function;
  /** Joins the parts of a run to the input of Personalize; undefined with the engine `glue`. */
  readonly exportFunction?: aws.lambda.Function;
  /** The same; undefined with the engine `lambda`. */
  readonly exportJob?: aws.glue.Job;

  constructor(name: string, args: InteractionExportArgs, opts?: pulumi.ComponentResourceOptions) {
    super("c360:export:InteractionExport", name, {}, opts);
    const { context, engine, source, infra } = args;
    const functionArn = (role: string) => arnsOf(context).function(physicalName("function", context, role));
    const places = exportLocations(args);

    if (source === undefined) this.historyFunction = historyFunction(name, context, this);
    if (engine === "lambda") this.exportFunction = exportFunction(name, places, this);
    else this.exportJob = exportJob(name, { places, infra }, this);

    this.targets = {
      exporter:
        engine === "lambda"
          ? { engine, functionArn: functionArn("export") }
          : { engine, jobName: physicalName("job", context, "export"), timeoutMinutes: JOB_MINUTES },
      parts: source === undefined ? { historyFunctionArn: functionArn("history") } : { sourcePrefix: source.prefix },
    };
    this.registerOutputs({
      ...(this.historyFunction && { historyFunction: this.historyFunction.name }),
      ...(this.exportFunction && { exportFunction: this.exportFunction.name }),
      ...(this.exportJob && { exportJob: this.exportJob.name }),
    });
  }
}
