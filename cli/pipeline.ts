import { runAsProcess, tellFailure } from "./command";
import { startExecution, watchExecution, type Watched } from "./pipeline/execution";
import { readCommand, USAGE } from "./pipeline/options";
import { describeFailure } from "./pipeline/run";
import { findTarget, type Target } from "./pipeline/target";
import { checkJson } from "../local/prepare";
import { writeReport } from "../local/report";

/** How often an execution is looked at, here and in an account, whose calls are rationed. */
const POLL_MS = { local: 100, deployed: 2000 };
const NAME_WIDTH = 24;

/** What the command may touch. */
export interface Surroundings {
  /** Absolute path of the Pulumi program. */
  programDir: string;
  /** Absolute path of `.local`. */
  folder: string;
  /** Shows text as it is, without a line's end. */
  write: (text: string) => void;
  printError: (line: string) => void;
  /** Ends the watch; the execution goes on. */
  signal: AbortSignal;
}

/**
 * `npm run pipeline`: starts an execution and shows its states as they pass.
 *
 * @param args the command line's arguments
 * @returns exit code: 0 succeeded, 1 failed, 2 wrong usage, 130 Ctrl-C
 */
export async function main(args: string[], { programDir, folder, write, printError, signal }: Surroundings): Promise<number> {
  let advice: string | undefined;
  let inState = false;
  try {
    const options = readCommand(args);
    if (options === "help") {
      write(`${USAGE}\n`);
      return 0;
    }
    checkJson(options);
    const target = await findTarget({ ...options, programDir, folder, signal });
    const { sfn, stateMachineArn } = target;
    const { runDate, runKey, rebuild } = options;
    const executionArn = await startExecution(sfn, stateMachineArn, { runDate, runKey, ...(rebuild && { rebuild }) }, signal);
    advice = howToStop(executionArn, target);
    write(`${executionArn}\n`);
    const end = await watchExecution({
      ...{ sfn, executionArn, signal, pollMs: POLL_MS[target.endpoint === undefined ? "deployed" : "local"] },
      onState: {
        entered: (state) => {
          inState = true;
          write(`  ${state.padEnd(NAME_WIDTH)}`);
        },
        left: (_state, seconds) => {
          inState = false;
          write(` ${seconds.toFixed(1)} s\n`);
        },
      },
    });
    if (options.json !== undefined) writeReport(options.json, { executionArn, ...end, output: parsed(end) });
    if (end.status !== "SUCCEEDED") {
      printError(`npm run pipeline: ${end.status}: ${describeFailure(end)}`);
      return 1;
    }
    write(`${end.status}: ${JSON.stringify(parsed(end), undefined, 2)}\n`);
    return 0;
  } catch (error) {
    if (inState) write("\n");
    if (signal.aborted) {
      if (advice !== undefined) printError(advice);
      return 130;
    }
    return tellFailure(error, "npm run pipeline", printError);
  }
}

function howToStop(executionArn: string, { region, endpoint }: Target): string {
  const where = endpoint === undefined ? "" : ` --endpoint-url ${endpoint}`;
  return `The execution goes on; stop it with: aws stepfunctions stop-execution --region ${region}${where} --execution-arn ${executionArn}`;
}

function parsed({ output }: Watched): unknown {
  return output === undefined ? undefined : JSON.parse(output);
}

if (require.main === module) {
  runAsProcess((args, environment) =>
    main(args, {
      ...environment,
      write: (text) => void process.stdout.write(text),
      printError: (line) => console.error(line),
    }),
  );
}
