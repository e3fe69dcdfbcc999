import { cpSync, readdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";

/** Folder of the unmodified program. */
export const REPOSITORY = resolve(__dirname, "../..");
/** Folders of the repository that are no part of the program, beside the hidden ones. */
const BESIDE_THE_PROGRAM = ["bench", "cli", "docs", "local", "node_modules", "packages", "tests"];

/**
 * Copies the unmodified program, to be changed.
 *
 * @param programDir a folder that is not there yet
 */
export function copyProgram(programDir: string): void {
  const names = readdirSync(REPOSITORY).filter((name) => !name.startsWith(".") && !BESIDE_THE_PROGRAM.includes(name));
  for (const name of names) cpSync(join(REPOSITORY, name), join(programDir, name), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(programDir, "node_modules"));
}
