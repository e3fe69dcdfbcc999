import { autoName } from "../autoName";
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
  /** Undefined: as many as come. */
  reservedConcurrency?: number;
  logging: { format: "JSON" | "Text"; group: string; ownGroup: boolean; level?: string };
}

/** Input properties of `aws:lambda/function:Function` that are honoured, or that change nothing on one machine. */
export const FUNCTION_INPUTS = [
  "name",
  "code",
  "role",
  "handler",
  "runtime",
  "timeout",
  "memorySize",
  "environment",
  "loggingConfig",
  "reservedConcurrentExecutions",
  "packageType",
  "architectures",
  "description",
  "tracingConfig",
  "ephemeralStorage",
  "tags",
] as const;

const RUNTIMES = ["nodejs20.x", "nodejs22.x", "nodejs24.x"];
const MEMBERS: Record<string, string[]> = {
  environment: ["variables"],
  loggingConfig: ["logFormat", "logGroup", "applicationLogLevel", "systemLogLevel"],
  tracingConfig: ["mode"],
  ephemeralStorage: ["size"],
};
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_DEFAULT_REGION|AWS_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/;
const MAX_VARIABLES_BYTES = 4096;

interface Inputs {
  name?: string;
  code?: unknown;
  role?: string;
  handler?: string;
  runtime?: string;
  timeout?: number;
  memorySize?: number;
  environment?: { variables?: Record<string, string> };
  loggingConfig?: { logFormat?: string; logGroup?: string; applicationLogLevel?: string; systemLogLevel?: string };
  reservedConcurrentExecutions?: number;
  packageType?: string;
  architectures?: string[];
}

/**
 * Refuses what the service or this stand-in would not take.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
 * @throws Error naming function, key, rule and value; never a variable's value
 */
export function checkFunction(json: Json): void {
  const inputs = json as Inputs;
  const { name, code, handler, runtime, environment, loggingConfig, packageType, architectures } = inputs;
  const demand = (holds: boolean, key: string, rule: string, value: unknown): void => {
    if (!holds) throw new Error(`Function${name === undefined ? "" : ` "${name}"`}: ${key} must be ${rule}, got ${String(value)}`);
  };
  const integer = (key: keyof Inputs, min: number, max: number): void => {
    const value = inputs[key] ?? min;
    demand(Number.isInteger(value) && Number(value) >= min && Number(value) <= max, key, `a whole number from ${min} to ${max}`, value);
  };
  const among = (key: string, value: string | undefined, values: string[]): void =>
    demand(value === undefined || values.includes(value), key, `one of ${values.join(", ")}`, value);

  for (const [key, members] of Object.entries(MEMBERS)) {
    const unknown = Object.keys(json[key] ?? {}).find((member) => !members.includes(member));
    demand(unknown === undefined, key, `an object of ${members.join(", ")}`, unknown);
  }
  demand(name === undefined || /^[\w-]{1,64}$/.test(name), "name", "1 to 64 of a-z, A-Z, 0-9, - and _", name);
  among("runtime", runtime, RUNTIMES);
  demand(handler === undefined || /^\S{1,128}$/.test(handler), "handler", "1 to 128 characters without spaces", handler);
  integer("timeout", 1, 900);
  integer("memorySize", 128, 10_240);
  integer("reservedConcurrentExecutions", -1, 1000);
  among("packageType", packageType, ["Zip"]);
  among("architectures", architectures?.[0], ["x86_64", "arm64"]);
  among("loggingConfig.logFormat", loggingConfig?.logFormat, ["JSON", "Text"]);
  among("loggingConfig.applicationLogLevel", loggingConfig?.applicationLogLevel, LEVELS);
  const reserved = Object.keys(environment?.variables ?? {}).find((key) => RESERVED.test(key));
  demand(reserved === undefined, "environment.variables", "free of the runtime's own names", reserved);
  const bytes = Buffer.byteLength(JSON.stringify(environment?.variables ?? {}));
  demand(bytes <= MAX_VARIABLES_BYTES, "environment.variables", `at most ${MAX_VARIABLES_BYTES} bytes`, `${bytes} bytes`);
  if (code !== undefined) checkArchive(code, `Function "${name}": code`);
}

/**
 * Fills in the defaults of the service.
 *
 * @throws Error naming an input that must be given
 */
export function functionSettings(json: Json, urn: string): FunctionSettings {
  const inputs = json as Inputs;
  const name = inputs.name ?? autoName(urn);
  const given = (key: "role" | "handler" | "runtime" | "code"): string => {
    const value = inputs[key];
    if (value === undefined) throw new Error(`Function "${name}": ${key} must be given`);
    return value as string;
  };
  given("code");
  const { logFormat = "Text", logGroup, applicationLogLevel } = inputs.loggingConfig ?? {};
  const format = logFormat === "JSON" ? "JSON" : "Text";
  const reserved = inputs.reservedConcurrentExecutions ?? -1;
  return {
    name,
    role: given("role"),
    handler: given("handler"),
    runtime: given("runtime"),
    timeoutSeconds: inputs.timeout ?? 3,
    memoryMiB: inputs.memorySize ?? 128,
    variables: inputs.environment?.variables ?? {},
    ...(reserved < 0 ? {} : { reservedConcurrency: reserved }),
    logging: {
      format,
      group: logGroup ?? `/aws/lambda/${name}`,
      ownGroup: logGroup !== undefined,
      ...(format === "JSON" ? { level: applicationLogLevel ?? "INFO" } : {}),
    },
  };
}
