import type { SFNClient } from "@aws-sdk/client-sfn";
import { checkJsonFile, type Command, type CommandContext, parseFlags, runAsProcess, UsageError, writeJson } from "./shared/command";

/** Options of `npm run pipeline`. */
export interface PipelineOptions {
  /** Stack whose pipeline to run. */
  stack: string;
  /** Tenant whose pipeline to run. @default the stack's first */
  tenant?: string;
  /** `YYYY-MM-DD`. @default yesterday */
  runDate?: string;
  /** Executions with the same key are the same run. @default a new run */
  runKey?: string;
  /** Builds the table's partition again even if this run has built it. @default false */
  rebuild: boolean;
  /** Replaces the CSV even if that loses more rows than `pipeline.maxShrink` allows. @default false */
  acceptShrink: boolean;
  /** Goes on even if more rows are bad than `pipeline.maxBadShare` allows. @default false */
  acceptBadRows: boolean;
  /** File that receives the outcome. */
  json?: string;
}

const NAME = "npm run pipeline";
const USAGE = `Usage: ${NAME} -- --stack NAME [flags]
Runs a tenant's pipeline and shows its states.
  --stack NAME      stack on AWS, or "local": the local cloud that npm start -- --keep has started
  --tenant NAME     tenant whose pipeline to run (default: the stack's first)
  --run-date DATE   YYYY-MM-DD: partition to build, from all that arrived before its end in UTC (default: yesterday)
  --run-key KEY     continue the run with this key where it failed (default: start a new run)
  --rebuild         build the partition again even if this run has built it
  --accept-shrink   replace the CSV even if it loses more rows than pipeline.maxShrink allows
  --accept-bad-rows leave out bad rows even if they are more than pipeline.maxBadShare allows
  --json FILE       write the outcome to FILE
  --help            show this text`;

const FLAGS = {
  stack: { type: "string" },
  tenant: { type: "string" },
  "run-date": { type: "string" },
  "run-key": { type: "string" },
  rebuild: { type: "boolean", default: false },
  "accept-shrink": { type: "boolean", default: false },
  "accept-bad-rows": { type: "boolean", default: false },
  json: { type: "string" },
} as const;

function readFlags(args: string[]): PipelineOptions | "help" {
  const values = parseFlags(args, FLAGS, NAME);
  if (values === undefined) return "help";
  const { stack, tenant, rebuild, json, "run-date": runDate, "run-key": runKey } = values;
  if (stack === undefined) throw new UsageError(`--stack NAME is needed; ${NAME} -- --help lists the flags`);
  check("run-date", runDate, "a day like 2026-01-31", isDay);
  check("run-key", runKey, "1 to 256 characters without control characters", (text) => /^\P{Cc}{1,256}$/u.test(text));
  check("json", json, "a file name", (text) => text !== "");
  const accepts = { acceptShrink: values["accept-shrink"], acceptBadRows: values["accept-bad-rows"] };
  return { stack, tenant, runDate, runKey, rebuild, ...accepts, json };
}

function check(flag: string, text: string | undefined, rule: string, holds: (text: string) => boolean): void {
  if (text !== undefined && !holds(text)) throw new UsageError(`--${flag} must be ${rule}, got ${JSON.stringify(text)}`);
}

function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** How often to poll an execution; AWS limits the rate of calls. */
const POLL_MS = { local: 100, aws: 2000 };
const STATE_WIDTH = 24;

async function run(options: PipelineOptions, context: CommandContext): Promise<number> {
  const { write, print, printError, signal } = context;
  const { runDate, runKey, rebuild, acceptShrink, acceptBadRows, json } = options;
  checkJsonFile(json);
  const { sfn, stateMachineArn, region, endpoint } = await findPipeline(options, context);
  const { describeFailure, startExecution, watchExecution } = await import("./aws/execution");
  const flags = { ...(rebuild && { rebuild }), ...(acceptShrink && { acceptShrink }), ...(acceptBadRows && { acceptBadRows }) };
  const executionArn = await startExecution(sfn, stateMachineArn, { runDate, runKey, ...flags }, signal);
  print(executionArn);
  let isLineOpen = false;
  const entered = (state: string): void => {
    isLineOpen = true;
    write(`  ${state.padEnd(STATE_WIDTH)}`);
  };
  const left = (_state: string, seconds: number): void => {
    isLineOpen = false;
    write(` ${seconds.toFixed(1)} s\n`);
  };
  try {
    const pollMs = endpoint === undefined ? POLL_MS.aws : POLL_MS.local;
    const outcome = await watchExecution({ sfn, executionArn, signal, pollMs, onState: { entered, left } });
    const output = outcome.output === undefined ? undefined : (JSON.parse(outcome.output) as unknown);
    if (json !== undefined) writeJson(json, { executionArn, ...outcome, output });
    if (outcome.status === "SUCCEEDED") {
      print(`${outcome.status}: ${JSON.stringify(output, undefined, 2)}`);
      return 0;
    }
    printError(`${NAME}: ${outcome.status}: ${describeFailure(outcome)}`);
    return 1;
  } finally {
    if (isLineOpen) write("\n");
    if (signal.aborted) {
      const where = endpoint === undefined ? "" : ` --endpoint-url ${endpoint}`;
      const stop = `aws stepfunctions stop-execution --region ${region}${where} --execution-arn ${executionArn}`;
      printError(`The execution goes on. To stop it: ${stop}`);
    }
  }
}

/** A tenant's state machine, and a client that may start it. */
interface Pipeline {
  sfn: SFNClient;
  stateMachineArn: string;
  region: string;
  /** Of a local cloud. */
  endpoint?: string;
}

/** @throws UsageError when stack or tenant are unknown, Error when there is no state machine */
async function findPipeline({ stack, tenant }: PipelineOptions, { programDir, folder, signal }: CommandContext): Promise<Pipeline> {
  const { checkTenant, clientSettings, findLocalCloud, readSettings, withCredentials } = await import("./shared/stack");
  const { SFNClient } = await import("@aws-sdk/client-sfn");
  const cloud = findLocalCloud(stack, folder);
  if (cloud !== undefined) {
    const { endpoint, region, tenants } = cloud;
    if (tenants === undefined) throw new Error(`the local cloud at ${endpoint} has no state machine yet: npm start is still deploying`);
    const known = Object.keys(tenants);
    const { stateMachineArn } = tenants[checkTenant(tenant ?? known[0], known, `the local cloud at ${endpoint}`)];
    return { sfn: new SFNClient(clientSettings(cloud, region)), stateMachineArn, region, endpoint };
  }
  const { findStateMachines } = await import("./aws/stateMachines");
  const { physicalName } = await import("../components/shared/naming");
  const { stage, tenants, stack: settings } = await readSettings(programDir, stack);
  const known = tenants.map(({ name }) => name);
  const name = physicalName("stateMachine", { tenant: checkTenant(tenant ?? known[0], known, `stack ${stack}`), stage }, "pipeline");
  const region = settings.config["aws:region"];
  const sfn = new SFNClient(clientSettings(undefined, region));
  const [stateMachineArn] = await withCredentials(stack, () => findStateMachines(sfn, [name], signal));
  if (stateMachineArn === undefined) throw new Error(`stack ${stack} has no state machine ${name} in ${region}: deploy it first`);
  return { sfn, stateMachineArn, region };
}

/** `npm run pipeline`: starts an execution and shows its states. */
export const pipeline: Command<PipelineOptions> = { name: NAME, usage: USAGE, readFlags, run };

if (require.main === module) runAsProcess(pipeline);
