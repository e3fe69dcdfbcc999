import { main } from "../../cli/preview";
import type { PreviewedResource } from "@c360/local-pulumi";
import { REPOSITORY } from "./program";

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

/** `KEY=VALUE` for settings by key; structured values as JSON. */
export function configOverrides(settings: Record<string, unknown>): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
}

/** `--config` flags for settings by key. */
export function configFlags(settings: Record<string, unknown>): string[] {
  return configOverrides(settings).flatMap((override) => ["--config", override]);
}
