import { basename } from "node:path";
import { z } from "zod";
import { autoName } from "../autoName";
import { inputsOf } from "../inputs";
import { ServiceError, type Cloud, type Json, type ResourceType } from "../service";

/** An object of S3. */
export interface ObjectLocation {
  bucket: string;
  key: string;
}

/** A job, with the service's defaults filled in. */
export interface Job {
  name: string;
  /** Role that runs assume. */
  roleArn: string;
  /** Where the script is. */
  script: ObjectLocation;
  workers: number;
  timeoutMinutes: number;
  maxConcurrentRuns: number;
  defaultArguments: Record<string, string>;
}

/** Seven days, and the default of a job of Glue 5.0: https://docs.aws.amazon.com/glue/latest/dg/add-job.html */
const MINUTES = { most: 10_080, usual: 480 };
const TEXTS = z.record(z.string(), z.string()).optional();

/** Inputs of `aws:glue/job:Job`: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateJob.html */
const JOB = inputsOf(
  z.strictObject({
    name: z
      .string()
      .regex(/^[\t\x20-\uFFFD]{1,255}$/, "1 to 255 characters without line breaks")
      .optional(),
    roleArn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/, "a role's ARN"),
    description: z.string().max(2048).optional(),
    glueVersion: z.enum(["5.0"]),
    command: z.strictObject({
      name: z.enum(["glueetl"]).optional(),
      pythonVersion: z.enum(["3"]).optional(),
      scriptLocation: z.string().refine((address) => parseAddress(address), "an s3:// address"),
    }),
    workerType: z.enum(["G.1X"]),
    numberOfWorkers: z.int().min(2),
    timeout: z.int().min(1).max(MINUTES.most).default(MINUTES.usual),
    maxRetries: z.literal(0, "0 in the local cloud").optional(),
    executionProperty: z.strictObject({ maxConcurrentRuns: z.int().min(1).optional() }).optional(),
    executionClass: z.enum(["STANDARD"]).optional(),
    defaultArguments: TEXTS,
    tags: TEXTS,
  }),
  ({ name }) => `Job "${String(name)}"`,
  ({ defaultArguments = {} }) => {
    const problem = argumentsProblem(defaultArguments);
    if (problem !== undefined) throw new Error(`defaultArguments ${problem}`);
  },
);

/** The jobs by name. */
export class Jobs {
  private readonly byName = new Map<string, Job>();

  constructor(private readonly cloud: Cloud) {}

  /** @throws ServiceError EntityNotFoundException */
  find(name: string): Job {
    const found = this.byName.get(name);
    if (!found) throw new ServiceError("EntityNotFoundException", `Job ${name} is not found`);
    return found;
  }

  arn(name: string): string {
    return `arn:aws:glue:${this.cloud.region}:${this.cloud.account}:job/${name}`;
  }

  resource(): ResourceType {
    return {
      inputs: JOB.names,
      check: JOB.check,
      create: async (inputs, urn) => {
        const job = jobOf(inputs, urn);
        const { name, workers, timeoutMinutes } = job;
        if (this.byName.has(name)) throw new ServiceError("AlreadyExistsException", `Job ${name} already exists`);
        this.byName.set(name, job);
        return {
          id: name,
          state: { name, arn: this.arn(name), maxCapacity: workers, timeout: timeoutMinutes, tagsAll: inputs.tags ?? {} },
        };
      },
    };
  }
}

/**
 * Reads a job's inputs.
 *
 * @param urn names a job that has no name
 * @throws Error naming job, input, rule and value
 */
export function jobOf(inputs: Json, urn: string): Job {
  const { name = autoName(urn), ...job } = JOB.read(inputs);
  return {
    name,
    roleArn: job.roleArn,
    script: parseAddress(job.command.scriptLocation) as ObjectLocation,
    workers: job.numberOfWorkers,
    timeoutMinutes: job.timeout,
    maxConcurrentRuns: job.executionProperty?.maxConcurrentRuns ?? 1,
    defaultArguments: job.defaultArguments ?? {},
  };
}

/** Arguments that Glue itself acts on: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-glue-arguments.html */
const UNKNOWN_ARGUMENTS = [
  "--additional-python-modules",
  "--custom-logStream-prefix",
  "--extra-files",
  "--job-language",
  "--python-modules-installer-option",
  "--scriptLocation",
];
const MODULES = "--extra-py-files";

/** The rule that a job's arguments break, and where; undefined when they can be used here. */
export function argumentsProblem(given: Record<string, string>): string | undefined {
  const name = Object.keys(given).find((one) => !/^--./.test(one) || UNKNOWN_ARGUMENTS.includes(one));
  if (name !== undefined) return `must have names that begin with -- and that the local cloud knows, got ${JSON.stringify(name)}`;
  const modules = MODULES in given ? given[MODULES].split(",") : [];
  const names = modules.map((address) => basename(parseAddress(address)?.key ?? ""));
  if (names.every((file) => /.\.py$/.test(file)) && new Set(names).size === names.length) return undefined;
  return `must have the s3:// addresses of .py files with different names, joined by commas, in ${MODULES}, got ${JSON.stringify(given[MODULES])}`;
}

/** Python files that the script may import. */
export function modulesOf(given: Record<string, string>): ObjectLocation[] {
  return (given[MODULES] ?? "").split(",").flatMap((address) => parseAddress(address) ?? []);
}

function parseAddress(address: string): ObjectLocation | undefined {
  const [, bucket, key] = /^s3:\/\/([a-z0-9.-]{3,63})\/(.+)$/.exec(address) ?? [];
  return key === undefined ? undefined : { bucket, key };
}
