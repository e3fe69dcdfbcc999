import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CloudOptions, RunningCloud } from "../src/cloud";
import { startCloud } from "../src/cloud";
import type { Credentials, Principal, ServiceFactory } from "../src/service";
import { openStore } from "../src/store";

/** A cloud on a temporary folder. */
export interface TestCloud extends RunningCloud {
  stateDir: string;
  /** Settings of an SDK client that calls as the account's owner. */
  client: ClientConfig;
  /** Settings of an SDK client that calls as someone else. */
  clientOf(principal: Principal): ClientConfig;
  /** Actions that were denied, in order. */
  denied(): Promise<string[]>;
}

export interface ClientConfig {
  endpoint: string;
  region: string;
  credentials: Credentials;
}

/**
 * Starts a cloud for a test.
 *
 * @param factories its services. @default all of them
 * @param options `stateDir` is kept at stop
 */
export async function withCloud(factories?: ServiceFactory[], options: Partial<CloudOptions> = {}): Promise<TestCloud> {
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), "local-aws-test-")));
  const running = await startCloud({ ...options, factories, stateDir });
  const clientOf = ({ credentials }: Principal): ClientConfig => ({
    endpoint: running.cloud.endpoint,
    region: running.cloud.region,
    credentials,
  });
  return {
    ...running,
    stateDir,
    client: clientOf(running.owner),
    clientOf,
    denied: async () => {
      const actions: string[] = [];
      for await (const { action, decision } of openStore(stateDir).replay("decisions")) {
        if (decision === "deny") actions.push(String(action));
      }
      return actions;
    },
    stop: async () => {
      await running.stop();
      if (options.stateDir === undefined) await rm(stateDir, { recursive: true, force: true });
    },
  };
}
