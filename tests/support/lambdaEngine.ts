import type { ExportSource } from "../../components/interactionExport/exportLocations";
import type { ExportEvent } from "../../functions/exportInteractions/event";
import type { Unfinished, ExportAnswer } from "../../functions/exportInteractions/export";
import type { Cloud, Credentials } from "@c360/local-aws";
import { exportFunctions, type DeployedFunction } from "./deployedExports";
import type { Engine, Outcome, RunOptions } from "./exportFixture";
import { loadSerialized, type SerializedFunction } from "./serialize";

/** The function's archive. As on AWS, an idle process is used again. */
export class LambdaEngine implements Engine {
  readonly name = "lambda";
  readonly service = "lambda.amazonaws.com";
  private readonly idle: SerializedFunction[] = [];
  private readonly busy = new Set<SerializedFunction>();

  private constructor(private readonly deployed: DeployedFunction) {}

  /** @param source parts of another pipeline. @default those of a query */
  static async deploy(source?: ExportSource): Promise<LambdaEngine> {
    return new LambdaEngine((await exportFunctions(source)).export);
  }

  get policy() {
    return this.deployed.policy;
  }

  /** The outcome of an unfinished run is its answer too. */
  async run(event: ExportEvent, cloud: Cloud, credentials: Credentials, { endpoint, milliseconds }: RunOptions): Promise<Outcome> {
    const used = (endpoint === undefined && this.idle.pop()) || (await this.load(cloud, credentials, endpoint ?? cloud.endpoint));
    this.busy.add(used);
    try {
      const { result, error } = await used.invoke(event, milliseconds);
      if (endpoint === undefined) this.idle.push(used);
      else await used.stop();
      return error ? { error } : { answer: result as ExportAnswer & Unfinished };
    } catch (error) {
      await used.stop();
      return { error: error as Error };
    } finally {
      this.busy.delete(used);
    }
  }

  async kill(): Promise<void> {
    for (const one of this.busy) await one.stop();
  }

  async close(): Promise<void> {
    for (const one of [...this.busy, ...this.idle]) await one.stop();
  }

  private load(cloud: Cloud, { accessKeyId, secretAccessKey, sessionToken }: Credentials, endpoint: string): Promise<SerializedFunction> {
    return loadSerialized(this.deployed.files, {
      ...this.deployed.environment,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: cloud.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
    });
  }
}
