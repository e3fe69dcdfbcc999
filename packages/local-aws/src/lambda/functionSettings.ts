import { z } from "zod";
import { autoName } from "../autoName";
import { inputsOf } from "../inputs";
import type { Json } from "../service";
import { checkArchive } from "./sandbox";

/** Settings of a function, with the service's defaults filled in. */
export interface FunctionSettings {
  name: string;
  role: string;
  handler: string;
  /** For example `nodejs24.x`. */
  runtime: string;
  timeoutSeconds: number;
  memoryMiB: number;
  variables: Record<string, string>;
  /** @default no limit of its own */
  reservedConcurrency?: number;
  logging: { format: "JSON" | "Text"; group: string; ownGroup: boolean; level?: string };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_DEFAULT_REGION|AWS_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/;
const MAX_VARIABLES_BYTES = 4096;

const title = ({ name }: Json): string => `Function${name === undefined ? "" : ` "${name as string}"`}`;
const level = z.enum(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]).optional();

/**
 * Input properties of `aws:lambda/function:Function` that are used, or that change nothing on one machine.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
 */
export const FUNCTION_INPUTS = inputsOf(
  z.strictObject({
    name: z
      .string()
      .regex(/^[\w-]{1,64}$/, "1 to 64 of a-z, A-Z, 0-9, - and _")
      .optional(),
    code: z.unknown(),
    role: z.string(),
    handler: z.string().regex(/^\S{1,128}$/, "1 to 128 characters without spaces"),
    runtime: z.enum(["nodejs20.x", "nodejs22.x", "nodejs24.x"]),
    timeout: z.int().min(1).max(900).default(3),
    memorySize: z.int().min(128).max(10_240).default(128),
    // Checked below: an error must not show a variable's value.
    environment: z.strictObject({ variables: z.custom<Record<string, string>>().default({}) }).default({ variables: {} }),
    loggingConfig: z
      .strictObject({
        logFormat: z.enum(["JSON", "Text"]).default("Text"),
        logGroup: z.string().optional(),
        applicationLogLevel: level,
        systemLogLevel: level,
      })
      .default({ logFormat: "Text" }),
    reservedConcurrentExecutions: z.int().min(-1).max(1000).default(-1),
    packageType: z.literal("Zip").optional(),
    architectures: z.array(z.enum(["x86_64", "arm64"])).optional(),
    description: z.string().optional(),
    tracingConfig: z.strictObject({ mode: z.enum(["Active", "PassThrough"]) }).optional(),
    tags: z.record(z.string(), z.string()).default({}),
  }),
  title,
  ({ code, environment }) => {
    const variables = environment?.variables ?? {};
    const wrong = Object.keys(variables).find((key) => typeof variables[key] !== "string");
    if (wrong !== undefined) throw new Error(`environment.variables.${wrong} must be a string`);
    const reserved = Object.keys(variables).find((key) => RESERVED.test(key));
    if (reserved !== undefined) throw new Error(`environment.variables must be free of the runtime's own names, got ${reserved}`);
    const bytes = Buffer.byteLength(JSON.stringify(variables));
    if (bytes > MAX_VARIABLES_BYTES)
      throw new Error(`environment.variables must be at most ${MAX_VARIABLES_BYTES} bytes, got ${bytes} bytes`);
    if (code !== undefined) checkArchive(code);
  },
);

/** @throws Error naming an input that is wrong or must be given */
export function functionSettings(inputs: Json, urn: string): FunctionSettings {
  const read = FUNCTION_INPUTS.read(inputs);
  if (read.code === undefined) throw new Error(`${title(inputs)}: code must be given`);
  const name = read.name ?? autoName(urn);
  const { logFormat: format, logGroup, applicationLogLevel = "INFO" } = read.loggingConfig;
  return {
    name,
    role: read.role,
    handler: read.handler,
    runtime: read.runtime,
    timeoutSeconds: read.timeout,
    memoryMiB: read.memorySize,
    variables: read.environment.variables,
    ...(read.reservedConcurrentExecutions < 0 ? {} : { reservedConcurrency: read.reservedConcurrentExecutions }),
    logging: {
      format,
      group: logGroup ?? `/aws/lambda/${name}`,
      ownGroup: logGroup !== undefined,
      ...(format === "JSON" ? { level: applicationLogLevel } : {}),
    },
  };
}
