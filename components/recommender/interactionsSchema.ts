import { createHash } from "node:crypto";
import { physicalName, type Owner } from "../shared/naming";

/** A Personalize schema, which cannot change: its name tells its content. */
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
  return { name: physicalName("schema", owner, `schema-${shortHash(text)}`), text };
}

/** Five hexadecimal digits, so that the name fits for every tenant and stage. */
function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 5);
}
