import type { PreviewedResource } from "@c360/local-pulumi";
import { preview } from "../../cli/preview";
import { type CommandOutcome, runCommand } from "./commands";
import { REPOSITORY } from "./program";

/** How `npm run preview` ended. */
export interface PreviewRun extends CommandOutcome {
  /** Parses what was printed. */
  resources: () => PreviewedResource[];
}

/** Runs `npm run preview` with these arguments. */
export async function previewCommand(args: string[], programDir = REPOSITORY): Promise<PreviewRun> {
  const outcome = await runCommand(preview, args, { programDir });
  return { ...outcome, resources: () => JSON.parse(outcome.printed.join("\n")) as PreviewedResource[] };
}

/** `KEY=VALUE` for settings by key; structured values as JSON. */
export function configOverrides(settings: Record<string, unknown>): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
}

/** `--config` flags for settings by key. */
export function configFlags(settings: Record<string, unknown>): string[] {
  return configOverrides(settings).flatMap((override) => ["--config", override]);
}
