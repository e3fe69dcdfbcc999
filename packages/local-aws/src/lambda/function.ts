import { randomUUID } from "node:crypto";
import { ServiceError, type Cloud, type Principal } from "../service";
import { Environment, type Outcome } from "./environment";
import type { FunctionSettings } from "./functionSettings";
import { LogShipper } from "./logShipper";
import type { Sandbox } from "./sandbox";

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
const ACCOUNT_CONCURRENCY = 1000;

interface Warm {
  environment: Environment;
  shipper: LogShipper;
}

/** A deployed function and its execution environments, which start on demand and are reused. */
export class DeployedFunction {
  readonly arn: string;
  /** The execution role. */
  readonly principal: Principal;
  private readonly all = new Set<Warm>();
  private idle: Warm[] = [];
  private running = 0;

  /**
   * @param taskRoot absolute path of the unpacked code
   * @throws ServiceError AccessDenied when the role does not trust Lambda
   */
  constructor(
    private readonly cloud: Cloud,
    private readonly sandbox: Sandbox,
    readonly settings: FunctionSettings,
    private readonly taskRoot: string,
  ) {
    this.arn = `arn:aws:lambda:${cloud.region}:${cloud.account}:function:${settings.name}`;
    this.principal = cloud.assume(settings.role, "lambda.amazonaws.com", { "aws:SourceArn": this.arn });
  }

  /**
   * Invokes the function and waits for its answer.
   *
   * @param event JSON text
   * @param signal ends the invocation when it aborts
   * @throws ServiceError TooManyRequestsException (429) or RequestTooLargeException (413); the function did not run then
   */
  async invoke(event: string, signal: AbortSignal, requestId: string = randomUUID()): Promise<Outcome> {
    const bytes = Buffer.byteLength(event);
    if (bytes > MAX_PAYLOAD_BYTES) {
      throw new ServiceError(
        "RequestTooLargeException",
        `${bytes} byte payload is too large for the Invoke operation (limit ${MAX_PAYLOAD_BYTES} bytes)`,
        413,
      );
    }
    const limit = this.settings.reservedConcurrency ?? ACCOUNT_CONCURRENCY;
    if (this.running >= limit) {
      throw new ServiceError("TooManyRequestsException", `Rate Exceeded: function ${this.settings.name} runs ${limit} times already`, 429);
    }
    this.running += 1;
    try {
      const warm = (await this.takeIdle()) ?? (await this.start());
      const logStream = warm.shipper.logStreamName;
      const outcome = await warm.environment.invoke({ requestId, functionArn: this.arn, logStream, event }, signal);
      if (warm.environment.alive) this.idle.push(warm);
      else await this.discard(warm);
      return outcome;
    } finally {
      this.running -= 1;
    }
  }

  /** Ends every execution environment and brings their last lines to the log. */
  async close(): Promise<void> {
    await Promise.all([...this.all].map((warm) => this.discard(warm)));
    this.idle = [];
  }

  private async takeIdle(): Promise<Warm | undefined> {
    for (let warm = this.idle.pop(); warm; warm = this.idle.pop()) {
      if (warm.environment.alive) return warm;
      await this.discard(warm);
    }
    return undefined;
  }

  private async discard(warm: Warm): Promise<void> {
    await warm.environment.close();
    await warm.shipper.flush();
    this.all.delete(warm);
  }

  private async start(): Promise<Warm> {
    const { logging, memoryMiB, timeoutSeconds, name } = this.settings;
    const stream = `${new Date(this.cloud.clock.now()).toISOString().slice(0, 10).replaceAll("-", "/")}/${logging.ownGroup ? name : ""}`;
    const logStream = `${stream}[$LATEST]${randomUUID().replaceAll("-", "")}`;
    const shipper = new LogShipper(this.cloud, this.principal, logging.group, logStream);
    const environment = new Environment({
      bootstrap: await this.sandbox.bootstrap(),
      taskRoot: this.taskRoot,
      variables: { ...this.settings.variables, ...(await this.runtimeVariables(logStream)) },
      memoryMiB,
      timeoutSeconds,
      log: (line) => shipper.add(line),
    });
    const warm = { environment, shipper };
    this.all.add(warm);
    return warm;
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
  private async runtimeVariables(logStream: string): Promise<Record<string, string>> {
    const { name, handler, runtime, memoryMiB, logging } = this.settings;
    const { accessKeyId, secretAccessKey, sessionToken = "" } = this.principal.credentials;
    return {
      _HANDLER: handler,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: this.cloud.region,
      AWS_DEFAULT_REGION: this.cloud.region,
      AWS_ENDPOINT_URL: this.cloud.endpoint,
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMiB),
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_LAMBDA_LOG_GROUP_NAME: logging.group,
      AWS_LAMBDA_LOG_STREAM_NAME: logStream,
      AWS_LAMBDA_LOG_FORMAT: logging.format,
      ...(logging.level === undefined ? {} : { AWS_LAMBDA_LOG_LEVEL: logging.level }),
      LAMBDA_TASK_ROOT: this.taskRoot,
      LANG: "en_US.UTF-8",
      NODE_PATH: await this.sandbox.nodePath(),
      PATH: "/usr/local/bin:/usr/bin:/bin",
      TZ: ":UTC",
    };
  }
}
