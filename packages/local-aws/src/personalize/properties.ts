import type { Json } from "../service";
import { checkSchema, DATASET_TYPES } from "./avroSchema";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}$/;
const DOMAINS = ["ECOMMERCE", "VIDEO_ON_DEMAND"];

interface Rule {
  /** What a value must be, for the error. */
  must: string;
  holds: (value: unknown) => boolean;
}

const name: Rule = {
  must: "1 to 63 of a-z, A-Z, 0-9, - and _, starting with a letter or digit",
  holds: (value) => typeof value === "string" && NAME.test(value),
};
const arnOf = (service: string, kind: string): Rule => ({
  must: `an ARN of a ${kind}`,
  holds: (value) => typeof value === "string" && new RegExp(`^arn:[^:]+:${service}:[^:]*:\\d{12}:${kind}/.+$`).test(value),
});
const oneOf = (values: readonly string[]): Rule => ({
  must: values.join(" or "),
  holds: (value) => typeof value === "string" && values.includes(value),
});
const tags: Rule = {
  must: "a list of {Key, Value} with texts, at most 50",
  holds: (value) => Array.isArray(value) && value.length <= 50 && value.every(isTag),
};
const schemaText: Rule = { must: "a schema as JSON text", holds: (value) => typeof value === "string" };

/**
 * Properties by Cloud Control type; a name with a star must be given.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Personalize.html
 */
const PROPERTIES: Record<string, Record<string, Rule>> = {
  "AWS::Personalize::DatasetGroup": {
    "Name*": name,
    Domain: oneOf(DOMAINS),
    KmsKeyArn: arnOf("kms", "key"),
    RoleArn: arnOf("iam", "role"),
    Tags: tags,
  },
  "AWS::Personalize::Schema": { "Name*": name, "Schema*": schemaText, Domain: oneOf(DOMAINS), Tags: tags },
  "AWS::Personalize::Dataset": {
    "Name*": name,
    "DatasetType*": oneOf(DATASET_TYPES),
    "DatasetGroupArn*": arnOf("personalize", "dataset-group"),
    "SchemaArn*": arnOf("personalize", "schema"),
    Tags: tags,
  },
  "AWS::Personalize::EventTracker": { "Name*": name, "DatasetGroupArn*": arnOf("personalize", "dataset-group"), Tags: tags },
};

/** The properties that a type knows. */
export const propertiesOf = (type: string): string[] => Object.keys(PROPERTIES[type]).map((key) => key.replace("*", ""));

/**
 * Checks the values that are known.
 *
 * @throws Error naming type, property, rule and value
 */
export function checkProperties(type: string, inputs: Json): void {
  for (const [key, rule] of Object.entries(PROPERTIES[type])) {
    const property = key.replace("*", "");
    const value = inputs[property];
    if (value !== undefined && !rule.holds(value)) {
      throw new Error(`${type}: ${property} must be ${rule.must}, got ${JSON.stringify(value)}`);
    }
  }
  if (inputs.KmsKeyArn !== undefined && inputs.RoleArn === undefined) throw new Error(`${type}: KmsKeyArn must come with RoleArn`);
  if (typeof inputs.Schema === "string") checkSchema(inputs.Schema);
}

/**
 * Demands what must be given; a preview cannot, because there a value that is not known yet is absent.
 *
 * @throws Error naming type and property
 */
export function requireProperties(type: string, inputs: Json): void {
  const missing = Object.keys(PROPERTIES[type]).find((key) => key.endsWith("*") && inputs[key.slice(0, -1)] === undefined);
  if (missing !== undefined) throw new Error(`${type}: ${missing.slice(0, -1)} must be given`);
}

function isTag(tag: unknown): boolean {
  const { Key, Value, ...rest } = (tag ?? {}) as Json;
  return typeof Key === "string" && Key !== "" && typeof Value === "string" && Object.keys(rest).length === 0;
}
