import { join } from "node:path";
import { keep } from "../local/keep";
import { runLoop } from "../local/loop";
import { readOptions, USAGE } from "./startOptions";
import { prepare } from "../local/prepare";
import { writeReport } from "../local/report";
import { renderReport } from "../local/table";
import { UsageError } from "./usageError";
import { Workspace } from "../local/workspace";

/** What a run may touch. */
export interface Surroundings {
  /** Absolute path of the Pulumi program. */
  programDir: string;
  /** Absolute path of `.local`. */
  folder: string;
  print: (line: string) => void;
  printError: (line: string) => void;
  signal: AbortSignal;
  /** Shows no progress. @default false */
  silent?: boolean;
}

/** The signal's reason; the exit code says which signal came. */
export class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

/**
 * `npm start`.
 *
 * @param args the command line's arguments
 * @returns exit code: 0 reconciled, 1 not, 2 wrong usage or input, 130 Ctrl-C
 */
export async function main(args: string[], { programDir, folder, print, printError, signal, silent }: Surroundings): Promise<number> {
  try {
    const options = readOptions(args);
    if (options === "help") {
      print(USAGE);
      return 0;
    }
    const preparation = await prepare(options, programDir);
    signal.throwIfAborted();
    const workspace = Workspace.open(folder, print);
    let exitCode = 1;
    try {
      await runLoop({
        ...{ options, preparation, workspace, signal, print, silent },
        onReport: async (report, endpoint) => {
          writeReport(workspace.reportFile, report);
          print(renderReport(report));
          exitCode = report.status === "reconciled" ? 0 : 1;
          if (options.json !== undefined) writeReport(options.json, report);
          if (options.keep) await keep({ endpoint, file: workspace.endpointFile, tenant: report.tenant, print, signal });
        },
      });
    } finally {
      workspace.close();
    }
    return exitCode;
  } catch (error) {
    if (signal.aborted) return (signal.reason as Interrupted).exitCode;
    const { message, stack } = error as Error;
    printError(`npm start: ${process.env.DEBUG ? (stack ?? message) : message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Ends the run at the first Ctrl-C, and the process at the second. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  const stopOn = (name: NodeJS.Signals, exitCode: number): void => {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCode);
      console.error("Stopping; once more to stop at once.");
      controller.abort(new Interrupted(exitCode));
    });
  };
  stopOn("SIGINT", 130);
  stopOn("SIGTERM", 143);
  return controller.signal;
}

/**
 * Runs `npm start` as this process, and ends it with the exit code.
 *
 * @param args the command line's arguments
 */
export async function runProcess(args: string[], { programDir, folder }: Pick<Surroundings, "programDir" | "folder">): Promise<never> {
  // The SDK's releases are pinned: that later ones need a newer Node is no news to whoever runs this.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  process.exit(await main(args, { programDir, folder, print: console.log, printError: console.error, signal: interruptible() }));
}

if (require.main === module) {
  const programDir = join(__dirname, "..");
  void runProcess(process.argv.slice(2), { programDir, folder: join(programDir, ".local") });
}
