import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Credentials, s3, startCloud } from "@c360/local-aws";

/** A local S3 on disk, in a process of its own. */
export interface ExportCloud {
  endpoint: string;
  region: string;
  /** The account's owner. */
  credentials: Credentials;
  /** Ends the process and removes all objects. */
  stop(): Promise<void>;
}

/** Starts a local S3 with some buckets. */
export async function startExportCloud(buckets: readonly string[]): Promise<ExportCloud> {
  const stateDir = await mkdtemp(join(tmpdir(), "c360-bench-"));
  const child = fork(__filename, [stateDir, ...buckets], { execArgv: ["-r", "ts-node/register"] });
  const failed = once(child, "exit").then(([code]) => Promise.reject(new Error(`the local S3 exited with ${code}`)));
  failed.catch(() => {});
  const [started] = (await Promise.race([once(child, "message"), failed])) as [Omit<ExportCloud, "stop">];
  return {
    ...started,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill();
      await ended;
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function serve([stateDir, ...buckets]: string[]): Promise<void> {
  const { cloud, owner } = await startCloud({ factories: [s3], stateDir });
  for (const bucket of buckets) await cloud.create("aws:s3/bucket:Bucket", { bucket }, `urn:${bucket}`);
  process.send?.({ endpoint: cloud.endpoint, region: cloud.region, credentials: owner.credentials });
}

if (require.main === module) void serve(process.argv.slice(2));
