import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { type Inputs, inputsOf } from "../inputs";
import type { Cloud, Json, ResourceType } from "../service";
import { ServiceError } from "../service";
import { arnOf, DATASET, DATASET_GROUP, EVENT_TRACKER, exists, invalid, type Lifecycle, SCHEMA } from "./lifecycle";

/** Dataset types of an item recommender, and the fields of each record with their types: https://docs.aws.amazon.com/personalize/latest/dg/how-it-works-dataset-schema.html */
const REQUIRED_FIELDS = {
  Interactions: { USER_ID: "string", ITEM_ID: "string", TIMESTAMP: "long" },
  Users: { USER_ID: "string" },
  Items: { ITEM_ID: "string" },
};
const DATASET_TYPES = Object.keys(REQUIRED_FIELDS) as (keyof typeof REQUIRED_FIELDS)[];
const NAMESPACE = "com.amazonaws.personalize.schema";
const FIELD_TYPES = ["string", "int", "long", "float", "double", "boolean", "null"];
const FIELD_TYPE = z.union([z.enum(FIELD_TYPES), z.array(z.enum(FIELD_TYPES))], `one or a list of ${FIELD_TYPES.join(", ")}`);

/** A dataset's schema: an Avro record. */
const RECORD = inputsOf(
  z.strictObject({
    type: z.literal("record", '"record"'),
    name: z.enum(DATASET_TYPES),
    namespace: z.literal(NAMESPACE, `"${NAMESPACE}"`),
    version: z.literal("1.0", '"1.0"'),
    fields: z.array(
      z.strictObject({
        name: z.string().regex(/^[A-Z][A-Z0-9_]*$/, "in UPPER_SNAKE_CASE"),
        type: FIELD_TYPE,
        categorical: z.boolean().optional(),
        textual: z.boolean().optional(),
      }),
    ),
  }),
  () => "Schema",
  ({ name, fields = [] }) => {
    const types = new Map<string, unknown>(fields.map((field) => [field.name, field.type]));
    if (types.size < fields.length) throw new Error("each field must have a name of its own");
    if (fields.some((field) => field.name === "EVENT_TYPE" && field.categorical)) throw new Error("EVENT_TYPE must not be categorical");
    for (const [required, type] of Object.entries(name === undefined ? {} : REQUIRED_FIELDS[name])) {
      const found = types.get(required);
      if (found !== type)
        throw new Error(`the field ${required} must have the type ${String(type)}, got ${JSON.stringify(found) ?? "no such field"}`);
    }
  },
);

/**
 * Reads the schema of a dataset.
 *
 * @param text Avro record as JSON
 * @throws Error naming the rule and the value
 */
function readSchema(text: string) {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    throw new Error("Schema must be JSON");
  }
  return RECORD.read(json);
}

const NAME = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}$/, "1 to 63 of a-z, A-Z, 0-9, - and _, starting with a letter or digit");
const TAGS = z
  .array(z.strictObject({ Key: z.string().min(1), Value: z.string() }))
  .max(50)
  .optional();
const arnInput = (kind: string) => z.string().regex(new RegExp(`^arn:[^:]+:personalize:[^:]*:\\d{12}:${kind}/.+$`), `the ARN of a ${kind}`);

/** Inputs by type: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Personalize.html */
const GROUP_INPUTS = inputsOf(z.strictObject({ Name: NAME, Tags: TAGS }), () => DATASET_GROUP);
const SCHEMA_INPUTS = inputsOf(
  z.strictObject({ Name: NAME, Schema: z.string() }),
  () => SCHEMA,
  ({ Schema }) => {
    if (Schema !== undefined) readSchema(Schema);
  },
);
const OF_GROUP = { Name: NAME, DatasetGroupArn: arnInput("dataset-group"), Tags: TAGS };
const DATASET_INPUTS = inputsOf(
  z.strictObject({ ...OF_GROUP, DatasetType: z.enum(DATASET_TYPES), SchemaArn: arnInput("schema") }),
  () => DATASET,
);
const TRACKER_INPUTS = inputsOf(z.strictObject(OF_GROUP), () => EVENT_TRACKER);

/**
 * The resource types that Cloud Control creates. A dataset group or dataset is ACTIVE when its creation resolves. A tracker becomes
 * ACTIVE later, because AWS does not document that Cloud Control waits for it.
 *
 * Creation throws ServiceError ResourceAlreadyExistsException, ResourceNotFoundException, ResourceInUseException,
 * InvalidInputException or LimitExceededException.
 */
export function controlPlane(cloud: Cloud, lifecycle: Lifecycle): Record<string, ResourceType> {
  function resourceType<Schema extends z.ZodObject>(
    type: string,
    { names, check, read }: Inputs<Schema>,
    identify: (inputs: z.output<Schema>) => { resource: string; attributes?: Json },
  ): ResourceType {
    const create: ResourceType["create"] = async (inputs) => {
      const { resource, attributes } = identify(read(inputs));
      const arn = arnOf(cloud, resource);
      const given = { type, arn, properties: inputs, attributes: { [`${type.split("::").at(-1)}Arn`]: arn, ...attributes } };
      const created = lifecycle.begin(given, type === SCHEMA ? null : undefined);
      if (type !== EVENT_TRACKER) await lifecycle.settled(arn);
      return { id: arn, state: { ...inputs, ...created.attributes } };
    };
    return { inputs: names, check, create };
  }
  /** The active group of a new dataset or tracker, in which the name must be free. */
  const groupFor = (type: string, { Name, DatasetGroupArn }: { Name: string; DatasetGroupArn: string }) => {
    const group = lifecycle.active(DATASET_GROUP, DatasetGroupArn);
    if (lifecycle.all(type, { Name, DatasetGroupArn }).length > 0) throw exists(Name);
    return group;
  };
  return {
    [DATASET_GROUP]: resourceType(DATASET_GROUP, GROUP_INPUTS, ({ Name }) => ({ resource: `dataset-group/${Name}` })),
    [SCHEMA]: resourceType(SCHEMA, SCHEMA_INPUTS, ({ Name }) => ({ resource: `schema/${Name}` })),
    [DATASET]: resourceType(DATASET, DATASET_INPUTS, (inputs) => {
      const group = groupFor(DATASET, inputs);
      const { DatasetType, SchemaArn } = inputs;
      const { name } = readSchema(String(lifecycle.find(SCHEMA, SchemaArn).properties.Schema));
      if (name !== DatasetType) throw invalid(`Schema for ${name} cannot be used with a ${DatasetType} dataset.`);
      return { resource: `dataset/${String(group.properties.Name)}/${DatasetType.toUpperCase()}` };
    }),
    [EVENT_TRACKER]: resourceType(EVENT_TRACKER, TRACKER_INPUTS, (inputs) => {
      const DatasetGroupArn = groupFor(EVENT_TRACKER, inputs).arn;
      const datasets = lifecycle.all(DATASET, { DatasetGroupArn, DatasetType: "Interactions" });
      if (!datasets.some(({ status }) => status === "ACTIVE")) {
        throw invalid(`Dataset group ${DatasetGroupArn} must have an active Interactions dataset.`);
      }
      const [taken] = lifecycle.all(EVENT_TRACKER, { DatasetGroupArn });
      if (taken) throw new ServiceError("LimitExceededException", `Dataset group ${DatasetGroupArn} has the event tracker ${taken.arn}.`);
      return { resource: `event-tracker/${randomBytes(4).toString("hex")}`, attributes: { TrackingId: randomUUID() } };
    }),
  };
}
