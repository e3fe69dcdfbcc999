import { fork, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** An error as a function's caller receives it. */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** Outcome of an invocation. */
export type Outcome = { ok: true; payload: string } | { ok: false; error: FunctionError };

export const failed = (error: FunctionError): Outcome => ({ ok: false, error });

/** What an execution environment is started with. */
export interface EnvironmentOptions {
  /** Absolute path of the runtime's script. */
  bootstrap: string;
  /** Absolute path of the unpacked code. */
  taskRoot: string;
  /** The whole environment of the process: nothing is inherited. */
  variables: Record<string, string>;
  memoryMiB: number;
  timeoutSeconds: number;
  /** Receives each line that the process prints. */
  log(line: string): void;
}

/** One invocation as an environment receives it. */
export interface Invocation {
  requestId: string;
  functionArn: string;
  logStream: string;
  /** JSON text. */
  event: string;
}

type Message =
  | { type: "ready" }
  | { type: "initFailed"; error: FunctionError }
  | { type: "done"; id: string; result: string }
  | { type: "failed"; id: string; error: FunctionError }
  | { type: "crashed"; error: FunctionError };

/** Time that loading the code may take before the timeout of the invocation begins: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const INIT_SECONDS = 10;

/** One process that runs a function, one invocation after the other. Its times are real: they are never scaled. */
export class Environment {
  /** False once the process was killed or ended by itself. */
  alive = true;
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private readonly ready: Promise<Outcome>;
  private settle: (outcome: Outcome) => void = () => undefined;
  private requestId = "";

  constructor(private readonly options: EnvironmentOptions) {
    const { bootstrap, taskRoot, variables, memoryMiB } = options;
    this.child = fork(bootstrap, {
      cwd: taskRoot,
      env: variables,
      execArgv: [`--max-old-space-size=${Math.floor(memoryMiB * 0.9)}`, `--max-semi-space-size=${Math.floor(memoryMiB * 0.05)}`],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.ready = new Promise((resolve) => (this.settle = resolve));
    for (const output of [this.child.stdout, this.child.stderr]) {
      if (output) createInterface({ input: output }).on("line", (line) => options.log(line));
    }
    this.child.on("message", (message: Message) => this.receive(message));
    this.child.on("error", (error) => this.end(failed({ errorType: "Runtime.StartError", errorMessage: error.message })));
    this.child.on("exit", (code, signal) => this.end(exited(this.requestId, code, signal)));
    this.ended = new Promise((resolve) => this.child.once("close", resolve).once("error", resolve));
  }

  /**
   * Runs one invocation; the environment must not be at another one.
   *
   * @param signal ends invocation and process when it aborts
   */
  async invoke(invocation: Invocation, signal: AbortSignal): Promise<Outcome> {
    const { timeoutSeconds } = this.options;
    this.requestId = invocation.requestId;
    const abort = (): void => this.stopWith(failed({ errorType: "Sandbox.Stopped", errorMessage: "The local cloud stopped" }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    try {
      const started = await this.within(INIT_SECONDS + timeoutSeconds, this.ready);
      if (!started.ok) return started;
      const answer = new Promise<Outcome>((resolve) => (this.settle = resolve));
      if (!this.alive) return exited(this.requestId, null, this.child.signalCode);
      this.child.send({
        id: invocation.requestId,
        event: invocation.event,
        arn: invocation.functionArn,
        logStream: invocation.logStream,
        deadline: Date.now() + timeoutSeconds * 1000,
      });
      return await this.within(timeoutSeconds, answer);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Kills the process; resolves when it is gone and its output is read. */
  async close(): Promise<void> {
    this.stopWith(failed({ errorType: "Sandbox.Stopped", errorMessage: "The local cloud stopped" }));
    await this.ended;
  }

  private async within(seconds: number, work: Promise<Outcome>): Promise<Outcome> {
    const timer = setTimeout(() => {
      const outcome = timedOut(this.requestId, this.options.timeoutSeconds);
      if (!outcome.ok) this.options.log(`${new Date().toISOString()} ${outcome.error.errorMessage}`);
      this.stopWith(outcome);
    }, seconds * 1000);
    return work.finally(() => clearTimeout(timer));
  }

  private receive(message: Message): void {
    if (message.type === "ready") this.settle({ ok: true, payload: "" });
    else if (message.type === "initFailed" || message.type === "crashed") this.end(failed(message.error));
    else if (message.id === this.requestId)
      this.settle(message.type === "done" ? { ok: true, payload: message.result } : failed(message.error));
  }

  private stopWith(outcome: Outcome): void {
    this.end(outcome);
    this.child.kill("SIGKILL");
  }

  private end(outcome: Outcome): void {
    this.alive = false;
    this.settle(outcome);
  }
}

/** The process was killed at the function's timeout. */
function timedOut(requestId: string, seconds: number): Outcome {
  return failed({
    errorType: "Sandbox.Timedout",
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`,
  });
}

/** The process ended by itself. */
function exited(requestId: string, code: number | null, signal: string | null): Outcome {
  const how =
    signal !== null ? `with error: signal: ${signal}` : code === 0 ? "without providing a reason" : `with error: exit status ${code}`;
  return failed({ errorType: "Runtime.ExitError", errorMessage: `RequestId: ${requestId} Error: Runtime exited ${how}` });
}
