import { athenaTasks } from "./athena";
import { awsSdk, SDK_SERVICES } from "./awsSdk";
import { glueTasks } from "./glue";
import { lambdaInvoke } from "./lambda";
import type { Integration } from "./task";

const OPTIMIZED = [lambdaInvoke, ...athenaTasks, ...glueTasks];

/**
 * The integration that a task's Resource names.
 *
 * @throws Error naming the ARN
 */
export function integrationOf(resource: string): Integration {
  const [, name] = /^arn:aws[a-z-]*:states:::(.+)$/.exec(resource) ?? [];
  const [, service, action] = /^aws-sdk:(\w+):([a-z]\w*)$/.exec(name) ?? [];
  if (SDK_SERVICES.includes(service)) return awsSdk(service, action);
  const found = OPTIMIZED.find((integration) => name === `${integration.resourceType}:${integration.resource}`);
  if (!found) throw new Error(`the local cloud does not know the task ${resource}`);
  return found;
}

/** @throws Error naming place and ARN */
export function checkResource(resource: string, place: string): void {
  try {
    integrationOf(resource);
  } catch (error) {
    throw new Error(`definition: ${place}: ${(error as Error).message}`);
  }
}
