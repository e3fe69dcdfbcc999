import { readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildCloud, type Json, pulumiProvider } from "@c360/local-aws";
import { isObject, previewStack, ProgramFailure } from "@c360/local-pulumi";
import { readProgramStack } from "../local/stack";

const USAGE = `Usage: npm run preview -- --stack NAME [flags]
  --stack NAME        stack to preview; a name without a stack file is a personal stage
  --json FILE         write the resources there instead of to stdout
  --config KEY=VALUE  set a configuration value; may be repeated
  --outputs FILE      what the stack has deployed: the JSON of "pulumi stack output --json"; default: nothing yet
  --help              show this`;

const FLAGS = {
  stack: { type: "string" },
  json: { type: "string" },
  outputs: { type: "string" },
  config: { type: "string", multiple: true, default: [] as string[] },
  help: { type: "boolean", default: false },
} as const;

/** Where a command writes its lines. */
export interface Printer {
  print: (line: string) => void;
  printError: (line: string) => void;
}

/**
 * `npm run preview`.
 *
 * @param args the command line's arguments
 * @param programDir folder of the Pulumi program
 * @returns exit code: 0, 1 when the program fails, 2 for wrong usage
 */
export async function main(args: string[], programDir: string, { print, printError }: Printer, signal?: AbortSignal): Promise<number> {
  const wrong = (error: unknown): number => {
    printError(`npm run preview: ${(error as Error).message}`);
    return 2;
  };
  let flags;
  let deployed: Json | undefined;
  try {
    flags = parseArgs({ args, options: FLAGS, strict: true, allowPositionals: false }).values;
    if (flags.help) {
      print(USAGE);
      return 0;
    }
    if (!flags.stack) throw new Error(`--stack NAME is needed\n${USAGE}`);
    if (flags.json !== undefined) checkWritable(flags.json);
    if (flags.outputs !== undefined) deployed = readOutputs(flags.outputs);
  } catch (error) {
    return wrong(error);
  }
  const stack = await readProgramStack(programDir, flags.stack, flags.config).catch(wrong);
  if (typeof stack === "number") return stack;

  const provider = pulumiProvider(buildCloud({ stateDir: join(tmpdir(), "c360-preview"), region: stack.config["aws:region"] }));
  const onLog = (severity: string, message: string): void => {
    if (severity !== "debug") printError(`${severity}: ${message}`);
  };
  try {
    const resources = await previewStack(stack, { provider, deployed, onLog, signal });
    const text = JSON.stringify(resources, null, 2);
    if (flags.json === undefined) {
      print(text);
    } else {
      await writeFile(flags.json, `${text}\n`);
      print(`${resources.length} resources of stack ${stack.stack}: ${resolve(flags.json)}`);
    }
    return 0;
  } catch (error) {
    if (signal?.aborted) return 130;
    if (!(error instanceof ProgramFailure)) throw error;
    for (const { message, stack: trace } of error.problems) printError(`npm run preview: ${message}${trace ? `\n${trace}` : ""}`);
    return 1;
  }
}

function readOutputs(file: string): Json {
  let outputs: unknown;
  try {
    outputs = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const [reason] = (error as Error).message.split(/[\n,]/);
    throw new Error(`--outputs must name a file of JSON, got ${file}: ${reason}`, { cause: error });
  }
  if (!isObject(outputs)) throw new Error(`--outputs must name a file with a JSON object, got ${file}`);
  return outputs;
}

function checkWritable(file: string): void {
  const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder(file) || !isFolder(dirname(file))) throw new Error(`--json must name a file in a folder that exists, got ${file}`);
}

if (require.main === module) {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const printer: Printer = { print: (line) => console.log(line), printError: (line) => console.error(line) };
  main(process.argv.slice(2), join(__dirname, ".."), printer, interrupted.signal).then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}
