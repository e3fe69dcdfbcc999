import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkJsonFile, type Command, type CommandContext, parseFlags, runAsProcess, UsageError, writeJson } from "./shared/command";

/** Options of `npm run preview`. */
export interface PreviewOptions {
  stack: string;
  /** File that receives the resources. @default they go to stdout */
  json?: string;
  /** File with what the stack has deployed: `pulumi stack output --json`. @default nothing is deployed */
  outputs?: string;
  /** `key=value`, applied over the stack file. */
  config: string[];
}

const NAME = "npm run preview";
const USAGE = `Usage: ${NAME} -- --stack NAME [flags]
Shows the resources that a stack would deploy.
  --stack NAME        stack to preview; a name without a stack file is a personal stage
  --json FILE         write the resources to FILE instead of stdout
  --config KEY=VALUE  set a configuration value; may be repeated
  --outputs FILE      what the stack has deployed, as "pulumi stack output --json" prints it (default: nothing)
  --help              show this text`;

const FLAGS = {
  stack: { type: "string" },
  json: { type: "string" },
  outputs: { type: "string" },
  config: { type: "string", multiple: true, default: [] as string[] },
} as const;

function readFlags(args: string[]): PreviewOptions | "help" {
  const values = parseFlags(args, FLAGS, NAME);
  if (values === undefined) return "help";
  const { stack, json, outputs, config } = values;
  if (!stack) throw new UsageError(`--stack NAME is needed; ${NAME} -- --help lists the flags`);
  if (json === "") throw new UsageError("--json must name a file, got an empty name");
  return { stack, json, outputs, config };
}

/** Inputs of AWS resources whose text is a JSON document. */
const DOCUMENTS = ["policy", "assumeRolePolicy", "definition", "desiredState"];

async function run(options: PreviewOptions, { programDir, print, printError, signal }: CommandContext): Promise<number> {
  checkJsonFile(options.json);
  const deployed = options.outputs === undefined ? undefined : readOutputs(options.outputs);
  const { previewStack, ProgramFailure } = await import("@c360/local-pulumi");
  const { buildCloud, pulumiProvider } = await import("@c360/local-aws");
  const { readProgramStack } = await import("./shared/stack");
  const stack = await readProgramStack(programDir, options.stack, options.config).catch((error: Error) => {
    throw error.name === "StackError" ? new UsageError(error.message) : error;
  });
  const stateDir = join(tmpdir(), "c360-preview");
  const provider = pulumiProvider(buildCloud({ stateDir, region: stack.config["aws:region"] }));
  const onLog = (severity: string, message: string): void => {
    if (severity !== "debug") printError(`${severity}: ${message}`);
  };
  try {
    const resources = await previewStack(stack, { provider, deployed, documents: DOCUMENTS, onLog, signal });
    if (options.json === undefined) print(JSON.stringify(resources, undefined, 2));
    else {
      writeJson(options.json, resources);
      print(`${resources.length} resources of stack ${stack.stack}: ${resolve(options.json)}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof ProgramFailure)) throw error;
    for (const { message, stack: trace } of error.problems) printError(`${NAME}: ${message}${trace ? `\n${trace}` : ""}`);
    return 1;
  }
}

function readOutputs(file: string): Record<string, unknown> {
  let outputs: unknown;
  try {
    outputs = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const [reason] = (error as Error).message.split(/[\n,]/);
    throw new UsageError(`--outputs must name a JSON file, got ${file}: ${reason}`, { cause: error });
  }
  if (typeof outputs !== "object" || outputs === null || Array.isArray(outputs)) {
    throw new UsageError(`--outputs must name a file with a JSON object, got ${file}`);
  }
  return outputs as Record<string, unknown>;
}

/** `npm run preview`: runs the program without creating anything. */
export const preview: Command<PreviewOptions> = { name: NAME, usage: USAGE, readFlags, run };

if (require.main === module) runAsProcess(preview);
