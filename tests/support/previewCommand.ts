import { resolve } from "node:path";
import { main } from "../../local/preview";
import type { PreviewedResource } from "../../local/previewStack";

/** Folder of the program. */
export const REPOSITORY = resolve(__dirname, "../..");

/** How `npm run preview` ended. */
export interface PreviewRun {
  code: number;
  printed: string[];
  errors: string[];
  /** Parses what was printed. */
  resources: () => PreviewedResource[];
}

/** Runs `npm run preview` with these arguments. */
export async function previewCommand(args: string[], programDir = REPOSITORY): Promise<PreviewRun> {
  const printed: string[] = [];
  const errors: string[] = [];
  const code = await main(args, programDir, { print: (line) => printed.push(line), printError: (line) => errors.push(line) });
  return { code, printed, errors, resources: () => JSON.parse(printed.join("\n")) as PreviewedResource[] };
}

/** `--config` flags for settings by key; structured values as JSON. */
export function configFlags(settings: Record<string, unknown>): string[] {
  return Object.entries(settings).flatMap(([key, value]) => [
    "--config",
    `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  ]);
}
