import { createHash } from "node:crypto";
import { type Owner, physicalName } from "./naming";

/** Columns of an interaction, in the order of the CSV and of the Personalize schema. */
export const INTERACTION_COLUMNS: readonly string[] = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"];

/** Event type of interactions that have none. */
export const DEFAULT_EVENT_TYPE = "interaction";

/** Most event types of a dataset without optional columns: https://docs.aws.amazon.com/personalize/latest/dg/limits.html */
export const MOST_EVENT_TYPES = 10;

/** A Personalize schema. Schemas are immutable, so its name carries a hash of its content. */
export interface InteractionsSchema {
  /** Physical name. */
  name: string;
  /** Avro schema as JSON: https://docs.aws.amazon.com/personalize/latest/dg/interactions-datasets.html */
  text: string;
}

/** @param columns in order; TIMESTAMP is a long, the others are strings */
export function interactionsSchema(owner: Owner, columns: readonly string[]): InteractionsSchema {
  const fields = columns.map((name) => ({ name, type: name === "TIMESTAMP" ? "long" : "string" }));
  const record = { type: "record", name: "Interactions", namespace: "com.amazonaws.personalize.schema", fields, version: "1.0" };
  const text = JSON.stringify(record);
  // Five hexadecimal digits fit beside the longest tenant and stage.
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 5);
  return { name: physicalName("schema", owner, `schema-${hash}`), text };
}
