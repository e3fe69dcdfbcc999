import type { Json } from "../service";

/** Dataset types of an item recommender, as the service spells them. */
export const DATASET_TYPES = ["Interactions", "Users", "Items"] as const;
export type DatasetType = (typeof DATASET_TYPES)[number];

const NAMESPACE = "com.amazonaws.personalize.schema";
const TYPES = ["string", "int", "long", "float", "double", "boolean", "null"];
const FIELD_MEMBERS = ["name", "type", "categorical", "textual"];

/** Fields that each record must have, with their types: https://docs.aws.amazon.com/personalize/latest/dg/how-it-works-dataset-schema.html */
const REQUIRED: Record<DatasetType, Record<string, string>> = {
  Interactions: { USER_ID: "string", ITEM_ID: "string", TIMESTAMP: "long" },
  Users: { USER_ID: "string" },
  Items: { ITEM_ID: "string" },
};

interface Field {
  name: string;
  type: string | string[];
  categorical?: boolean;
  textual?: boolean;
}

/**
 * Checks a dataset's schema and tells what it is for.
 *
 * @param text Avro record as JSON
 * @throws Error naming the rule and the value
 */
export function checkSchema(text: string): DatasetType {
  const schema = parse(text);
  const { type, name, namespace, fields, version, ...rest } = schema;
  const unknown = Object.keys(rest).at(0);
  if (unknown !== undefined) throw wrong("have just type, name, namespace, fields and version", unknown);
  if (type !== "record") throw wrong('be of type "record"', type);
  if (!Object.hasOwn(REQUIRED, String(name))) throw wrong(`be named ${Object.keys(REQUIRED).join(", ")}`, name);
  if (namespace !== NAMESPACE) throw wrong(`have the namespace "${NAMESPACE}"`, namespace);
  if (version !== "1.0") throw wrong('have the version "1.0"', version);
  if (!Array.isArray(fields)) throw wrong("have a list of fields", fields);
  const kind = name as DatasetType;
  checkFields(kind, fields as Field[]);
  return kind;
}

function checkFields(kind: DatasetType, fields: Field[]): void {
  const seen = new Map<string, Field>();
  for (const field of fields) {
    const { name, type } = field;
    if (typeof name !== "string" || !/^[A-Z][A-Z0-9_]*$/.test(name)) throw wrong("name its fields in UPPER_SNAKE case", name);
    if (seen.has(name)) throw wrong("have each field once", name);
    const member = Object.keys(field).find((key) => !FIELD_MEMBERS.includes(key));
    if (member !== undefined) throw wrong(`have fields of just ${FIELD_MEMBERS.join(", ")}`, `${name}.${member}`);
    if (![type].flat().every((each) => TYPES.includes(each))) throw wrong(`have types among ${TYPES.join(", ")}`, { [name]: type });
    if (name === "EVENT_TYPE" && field.categorical) throw wrong("leave EVENT_TYPE without categorical", true);
    seen.set(name, field);
  }
  for (const [name, type] of Object.entries(REQUIRED[kind])) {
    if (seen.get(name)?.type !== type) throw wrong(`have the field ${name} of type ${type}`, seen.get(name)?.type);
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Error("AWS::Personalize::Schema: Schema must be JSON");
  }
}

const wrong = (rule: string, value: unknown): Error =>
  new Error(`AWS::Personalize::Schema: Schema must ${rule}, got ${JSON.stringify(value) ?? "nothing"}`);
