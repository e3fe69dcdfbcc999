import { readStack, type Stack } from "@c360/local-pulumi";
import { RESERVED_STAGES, STAGE_PATTERN } from "../../components/shared/naming";
import { readEndpoint, type Endpoint } from "../../local/workspace";
import type { TenantConfig } from "../../config";
import { type CommandContext, UsageError } from "./command";

/** A command that watches or waits for hours must survive calls that fail for a while. */
const MAX_ATTEMPTS = 10;

const PERSONAL_STAGE = {
  accepts: (stack: string): boolean => STAGE_PATTERN.test(stack) && !RESERVED_STAGES.includes(stack),
  rule: `a personal stage's name must match ${STAGE_PATTERN.source} and be none of ${RESERVED_STAGES.join(", ")}`,
};

/**
 * Reads a stack of the program. A name without a stack file that fits the stage pattern is a personal stage with the defaults.
 *
 * @param programDir absolute path of the Pulumi program
 * @param overrides `key=value`, applied last. @default none
 * @throws StackError of one line
 */
export function readProgramStack(programDir: string, name: string, overrides: readonly string[] = []): Promise<Stack> {
  return readStack(programDir, name, { overrides, withoutFile: PERSONAL_STAGE });
}

/**
 * Reads a stack's settings with the program's own rules.
 *
 * @param programDir absolute path of the Pulumi program
 * @param overrides `key=value`, applied last. @default none
 * @throws UsageError when a setting is wrong
 */
export async function readSettings(programDir: string, name: string, overrides: readonly string[] = []) {
  const { parseConfig, projectSettings } = await import("../../config");
  try {
    const stack = await readProgramStack(programDir, name, overrides);
    return { stack, ...parseConfig(projectSettings(stack.config), name) };
  } catch (error) {
    const { name: kind, message } = error as Error;
    throw kind === "StackError" || "__pulumiRunError" in (error as object) ? new UsageError(message) : error;
  }
}

/**
 * Checks a tenant's name.
 *
 * @param known tenants of `where`
 * @throws UsageError when it is none of them
 */
export function checkTenant(tenant: string | undefined, known: readonly string[], where: string): string {
  if (tenant === undefined || !known.includes(tenant)) {
    throw new UsageError(`--tenant must be one of ${where} (${known.join(", ")}), got ${JSON.stringify(tenant ?? null)}`);
  }
  return tenant;
}

/**
 * Finds the local cloud that a stack is deployed to.
 *
 * @param folder absolute path of `.local`
 * @returns undefined when the stack is on AWS
 * @throws UsageError when the stack is "local" and no local cloud is running
 */
export function findLocalCloud(stack: string, folder: string): Endpoint | undefined {
  const cloud = readEndpoint(folder);
  if (cloud !== undefined && (stack === "local" || stack === cloud.stack)) return cloud;
  if (stack === "local") throw new UsageError("--stack local needs a running local cloud: start one with npm start -- --keep");
  return undefined;
}

/** A stack that is deployed, or was. */
export interface DeployedStack {
  stage: string;
  tenants: TenantConfig[];
  /** Settings of clients of its account. */
  client: ClientSettings;
  isLocal: boolean;
}

/**
 * Finds a stack on AWS or on the local cloud.
 *
 * @param stack its name, or "local"
 * @throws UsageError when there is no such stack, Error while the local cloud is being deployed to
 */
export async function findStack(
  stack: string,
  { programDir, folder }: Pick<CommandContext, "programDir" | "folder">,
): Promise<DeployedStack> {
  const cloud = findLocalCloud(stack, folder);
  const { stage, tenants, stack: settings } = await readSettings(programDir, cloud?.stack ?? stack);
  if (cloud !== undefined && cloud.tenants === undefined) {
    throw new Error(`the local cloud at ${cloud.endpoint} is not complete yet: npm start is still deploying`);
  }
  return { stage, tenants, client: clientSettings(cloud, settings.config["aws:region"]), isLocal: cloud !== undefined };
}

/** Settings of an SDK client. */
export interface ClientSettings {
  region: string;
  /** Of a local cloud. */
  endpoint?: string;
  /** @default the SDK's credential provider chain */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  maxAttempts?: number;
}

/**
 * Settings of clients that act as the local cloud's account owner or, without a local cloud, with the SDK's own credentials.
 *
 * @param region of the AWS account
 */
export function clientSettings(cloud: Endpoint | undefined, region: string): ClientSettings {
  if (cloud === undefined) return { region, maxAttempts: MAX_ATTEMPTS };
  const { endpoint, accessKeyId, secretAccessKey } = cloud;
  return { endpoint, region: cloud.region, credentials: { accessKeyId, secretAccessKey } };
}

/**
 * Makes the first calls to a stack's account.
 *
 * @throws Error that explains what to do when the SDK finds no credentials
 */
export async function withCredentials<T>(stack: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if ((error as Error).name !== "CredentialsProviderError") throw error;
    throw new Error(`stack ${stack} is on AWS, and the SDK found no credentials; for the local cloud use --stack local`);
  }
}
