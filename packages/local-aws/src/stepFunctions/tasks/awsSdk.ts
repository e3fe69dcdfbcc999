import type { Json } from "../../service";
import { StateFailure, unlessAborted } from "../failure";
import { failureOf, SDK } from "./errors";
import { callS3 } from "./s3";
import type { Integration, TaskCall } from "./task";

/** Calls an operation, named in PascalCase, with members as Step Functions writes them. */
type Caller = (task: TaskCall, operation: string, input: Json) => Promise<Json>;

const CALLERS: Record<keyof typeof SDK, Caller> = {
  athena: async (task, operation, input) => withDates(await json(task, "athena", operation, input), ATHENA_DATES),
  glue: async (task, operation, input) => withDates(await json(task, "glue", operation, input), GLUE_DATES),
  personalize: async (task, operation, input) => {
    const { metrics, ...output } = withDates(await json(task, "personalize", operation, renamed(input, lowerFirst)), PERSONALIZE_DATES);
    // The names of metrics are data and stay unchanged.
    return { ...renamed(output, upperFirst), ...(metrics === undefined ? {} : { Metrics: metrics }) };
  },
  s3: callS3,
  sfn: async (task, operation, input) => {
    const output = withDates(await json(task, "states", operation, renamed(input, lowerFirst)), SFN_DATES);
    return renamed(output, upperFirst);
  },
  sns: async (task, operation, input) => {
    const reply = (await json(task, "sns", operation, input)) as Record<string, Record<string, Json>>;
    return reply[`${operation}Response`][`${operation}Result`];
  },
};

const ATHENA_DATES = ["SubmissionDateTime", "CompletionDateTime", "CreationTime"];
const GLUE_DATES = ["CreationTime", "LastAccessTime", "LastAnalyzedTime", "CreateTime", "UpdateTime", "StartedOn", "CompletedOn"];
const PERSONALIZE_DATES = ["creationDateTime", "lastUpdatedDateTime"];
const SFN_DATES = ["startDate", "stopDate", "creationDate", "updateDate", "timestamp", "redriveDate"];

/** The names after `aws-sdk:` that are known. */
export const SDK_SERVICES = Object.keys(CALLERS);

/**
 * `aws-sdk:<service>:<action>`: members are in PascalCase for every service, dates are ISO 8601 texts.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
 */
export function awsSdk(service: string, action: string): Integration {
  const name = service as keyof typeof SDK;
  return {
    resourceType: `aws-sdk:${service}`,
    resource: action,
    run: async (input, task) => {
      const wrong = Object.keys(input).find((member) => !/^[A-Z]/.test(member));
      if (wrong !== undefined) throw new StateFailure("States.Runtime", `The field '${wrong}' is not supported by Step Functions`);
      try {
        return await unlessAborted(CALLERS[name](task, upperFirst(action), input), task.signal);
      } catch (error) {
        throw failureOf(error, SDK[name]);
      }
    },
  };
}

async function json({ cloud, principal }: TaskCall, signingName: string, operation: string, input: Json): Promise<Json> {
  const { output = {} } = await cloud.call(principal, signingName, operation, input);
  return output;
}

/** Epoch seconds become ISO texts. */
function withDates(output: Json, names: string[]): Json {
  const text = JSON.stringify(output, (key, value: unknown) =>
    names.includes(key) && typeof value === "number" ? new Date(Math.round(value * 1000)).toISOString().replace(".000Z", "Z") : value,
  );
  return JSON.parse(text) as Json;
}

/** Renames the members of objects at every depth. */
function renamed<T>(value: T, rename: (name: string) => string): T {
  if (Array.isArray(value)) return value.map((item: unknown) => renamed(item, rename)) as T;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [rename(name), renamed(member, rename)])) as T;
}

const upperFirst = (text: string): string => text[0].toUpperCase() + text.slice(1);
const lowerFirst = (text: string): string => text[0].toLowerCase() + text.slice(1);
