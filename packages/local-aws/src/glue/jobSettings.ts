import { autoName } from "../autoName";
import { count, members, oneOf, text, texts, type Shape } from "../s3/shapes";
import type { Json } from "../service";
import { type ObjectPlace, placeOf, wrongArgument } from "./jobArguments";

/** Settings of a job, with the service's defaults filled in. */
export interface JobSettings {
  name: string;
  /** Role that runs assume. */
  roleArn: string;
  /** Where the script is. */
  script: ObjectPlace;
  workers: number;
  timeoutMinutes: number;
  maxConcurrentRuns: number;
  defaultArguments: Record<string, string>;
}

const SHAPES: Record<string, Shape> = {
  name: text,
  roleArn: text,
  description: text,
  glueVersion: oneOf("5.0"),
  command: members({ name: oneOf("glueetl"), pythonVersion: oneOf("3"), scriptLocation: text }),
  workerType: oneOf("G.1X"),
  numberOfWorkers: count(2),
  timeout: count(1),
  maxRetries: zero,
  executionProperty: members({ maxConcurrentRuns: count(1) }),
  executionClass: oneOf("STANDARD"),
  defaultArguments: texts,
  tags: texts,
};

/** Input properties of `aws:glue/job:Job` that are honoured, or that change nothing on one machine. */
export const JOB_INPUTS = Object.keys(SHAPES);

/** https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html */
const NAME = /^[\t\x20-\uFFFD]{1,255}$/;
const MAX_DESCRIPTION = 2048;
/** Seven days, and what a job of Glue 5.0 has when nothing is said: https://docs.aws.amazon.com/glue/latest/dg/add-job.html */
const MINUTES = { most: 10_080, otherwise: 480 };
const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/;

interface Inputs extends Json {
  name?: string;
  roleArn?: string;
  description?: string;
  command?: { scriptLocation?: string };
  numberOfWorkers?: number;
  timeout?: number;
  executionProperty?: { maxConcurrentRuns?: number };
  defaultArguments?: Record<string, string>;
}

/**
 * Refuses what the service or this stand-in would not take.
 *
 * @throws Error naming job, key, rule and value
 */
export function checkJob(json: Json): void {
  const { name, roleArn, description, command, timeout, defaultArguments } = json as Inputs;
  const owner = `Job "${String(name)}"`;
  for (const [key, value] of Object.entries(json)) if (value !== undefined && value !== null) SHAPES[key]?.(value, `${owner}: ${key}`);
  const demand = (holds: boolean, key: string, rule: string, value: unknown): void => {
    if (!holds) throw new Error(`${owner}: ${key} must ${rule}, got ${JSON.stringify(value)}`);
  };
  const script = command?.scriptLocation;
  demand(name === undefined || NAME.test(name), "name", "have 1 to 255 characters without line breaks", name);
  demand(roleArn === undefined || ROLE.test(roleArn), "roleArn", "be a role's ARN", roleArn);
  demand((description ?? "").length <= MAX_DESCRIPTION, "description", `have at most ${MAX_DESCRIPTION} characters`, description);
  demand(script === undefined || placeOf(script) !== undefined, "command.scriptLocation", "be an s3:// address", script);
  demand((timeout ?? 1) <= MINUTES.most, "timeout", `be 1 to ${MINUTES.most} minutes`, timeout);
  const wrong = wrongArgument(defaultArguments ?? {});
  if (wrong) demand(false, "defaultArguments", wrong.rule, wrong.value);
}

/**
 * Fills in the defaults of the service.
 *
 * @param urn names a job that the program gave no name
 * @throws Error naming an input that must be given
 */
export function jobSettings(json: Json, urn: string): JobSettings {
  const inputs = json as Inputs;
  const { name = autoName(urn), command, executionProperty } = inputs;
  const given = <T>(value: T | undefined, key: string): T => {
    if (value === undefined) throw new Error(`Job "${name}": ${key} must be given`);
    return value;
  };
  for (const key of ["glueVersion", "workerType"]) given(inputs[key], key);
  const location = given(command?.scriptLocation, "command.scriptLocation");
  return {
    name,
    roleArn: given(inputs.roleArn, "roleArn"),
    script: given(placeOf(location), "command.scriptLocation"),
    workers: given(inputs.numberOfWorkers, "numberOfWorkers"),
    timeoutMinutes: inputs.timeout ?? MINUTES.otherwise,
    maxConcurrentRuns: executionProperty?.maxConcurrentRuns ?? 1,
    defaultArguments: inputs.defaultArguments ?? {},
  };
}

function zero(value: unknown, path: string): void {
  if (value !== 0) throw new Error(`${path} must be 0 in the local cloud, got ${JSON.stringify(value)}`);
}
