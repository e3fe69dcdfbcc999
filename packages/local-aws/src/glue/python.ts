import { execFile, type ExecFileException } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const SCRIPTS = join(__dirname, "python");
const run = promisify(execFile);

/** A Python with the AWS SDK, or why there is none. */
export type Python = { interpreter: string } | { missing: string };

/** Where the virtual environment is. */
export interface VenvOptions {
  /** Its absolute path. */
  folder: string;
  /** Absolute path of the file that pins its packages. @default this package's, with boto3 */
  requirements?: string;
  /** Environment in which python3 is looked for. @default this process's */
  env?: NodeJS.ProcessEnv;
}

/** Makes the virtual environment on first use; later uses find it, those of another process at the same time too. */
export async function preparePython(options: VenvOptions): Promise<Python> {
  const { folder, requirements = join(SCRIPTS, "requirements.txt"), env = process.env } = options;
  try {
    await run("python3", [join(SCRIPTS, "make_venv.py"), folder, requirements], { env });
    return { interpreter: join(folder, "bin/python") };
  } catch (error) {
    const { code, stderr, message } = error as ExecFileException & { stderr?: string };
    if (code === "ENOENT") return { missing: "there is no python3 in PATH" };
    return { missing: `python3 could not make ${folder}: ${(stderr || message).trim().split("\n").at(-1)}` };
  }
}
