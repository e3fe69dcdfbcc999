import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Cloud, Credentials } from "@c360/local-aws";

/** Runs a job's script as processes of a test's own. */
export class JobProcesses {
  private readonly running = new Set<ChildProcess>();

  constructor(
    private readonly cloud: Pick<Cloud, "region">,
    private readonly interpreter: string,
  ) {}

  /**
   * Runs it once, to its end.
   *
   * @param texts of the script and its modules by their keys, the script's first
   * @returns what it printed, or the last line of what it said of its failure
   */
  async run(
    texts: Record<string, string>,
    argv: string[],
    { accessKeyId, secretAccessKey, sessionToken = "" }: Credentials,
    endpoint: string,
  ): Promise<{ output: string; error?: string }> {
    const folder = await mkdtemp(join(tmpdir(), "c360-test-"));
    const [script, ...modules] = Object.keys(texts).map((key) => join(folder, basename(key)));
    await Promise.all([script, ...modules].map((file, i) => writeFile(file, Object.values(texts)[i])));
    const child = spawn(this.interpreter, [script, ...argv], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        AWS_ENDPOINT_URL: endpoint,
        AWS_DEFAULT_REGION: this.cloud.region,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
        AWS_EC2_METADATA_DISABLED: "true",
      },
    });
    this.running.add(child);
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (printed[name] += chunk.toString()));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    this.running.delete(child);
    await rm(folder, { recursive: true });
    return code === 0 ? { output: printed.stdout } : { output: "", error: signal ?? printed.stderr.trim().split("\n").at(-1) ?? "" };
  }

  /** Kills what runs. */
  async close(): Promise<void> {
    const ends = [...this.running].map((child) => once(child, "close"));
    for (const child of this.running) child.kill("SIGKILL");
    await Promise.all(ends);
  }
}
