import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./usageError";
import { isAlive, type Endpoint } from "../local/workspace";

/** Calls of a command that watches or waits for hours: one that fails for a while must not end it. */
const MAX_ATTEMPTS = 10;

/** Settings of an SDK client. */
export interface ClientSettings {
  region: string;
  /** Of a local cloud. */
  endpoint?: string;
  /** @default the SDK's own way to credentials */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  maxAttempts?: number;
}

/**
 * The local cloud that a stack is deployed to, when one runs.
 *
 * @param folder absolute path of `.local`
 * @returns undefined when the stack is to be looked for in an account
 * @throws UsageError when the stack is "local" and no local cloud runs
 */
export function localCloud(stack: string, folder: string): Endpoint | undefined {
  const cloud = readEndpoint(folder);
  if (cloud !== undefined && (stack === "local" || stack === cloud.stack)) return cloud;
  if (stack === "local") throw new UsageError("--stack local needs a local cloud that runs: npm start -- --keep leaves one");
  return undefined;
}

/** Settings of the clients of a local cloud's owner. */
export function localSettings({ endpoint, region, accessKeyId, secretAccessKey }: Endpoint): ClientSettings {
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
}

/** Settings of the clients of whoever the SDK finds credentials of. */
export function accountSettings(region: string): ClientSettings {
  return { region, maxAttempts: MAX_ATTEMPTS };
}

/**
 * Makes calls to an account.
 *
 * @throws Error which says that there are no credentials, where the SDK found none
 */
export async function inAccount<T>(stack: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if ((error as Error).name !== "CredentialsProviderError") throw error;
    throw new Error(`stack ${stack} is looked up on AWS, for which there are no credentials; the local cloud is --stack local`);
  }
}

/**
 * Checks a tenant's name.
 *
 * @param where names the place whose tenants are known
 * @throws UsageError when it is none of them
 */
export function checkTenant(tenant: string | undefined, known: readonly string[], where: string): string {
  if (tenant === undefined || !known.includes(tenant)) {
    throw new UsageError(`--tenant must be one of ${where} (${known.join(", ")}), got ${JSON.stringify(tenant ?? null)}`);
  }
  return tenant;
}

/** The local cloud that runs; undefined when none does. */
function readEndpoint(folder: string): Endpoint | undefined {
  try {
    const endpoint = JSON.parse(readFileSync(join(folder, "endpoint.json"), "utf8")) as Endpoint & { pid: number };
    return isAlive(endpoint.pid) ? endpoint : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
