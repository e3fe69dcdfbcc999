import { QueryFailure } from "./failure";
import { parseLocation, type Location } from "./location";

const FORMAT = "yyyy/MM/dd/HH";
const VALUE = /^(\d{4})\/(\d\d)\/(\d\d)\/(\d\d)$/;

/** A partition key whose values are told by a table's properties instead of partitions. */
export interface Projection {
  /** What the keys of all partitions start with. */
  base: Location;
  /** The value of the partition that an object lies in; undefined when it lies in none. */
  valueOf(key: string): string | undefined;
}

/**
 * Reads the properties of a table with partition projection: one key of type date, by the hour.
 *
 * @param keys names of the partition keys
 * @param now epoch milliseconds
 * @returns undefined when the table has no projection
 * @throws QueryFailure naming a property that is not known here
 * @see https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
 */
export function projectionOf(table: string, properties: Record<string, string>, keys: string[], now: number): Projection | undefined {
  if (properties["projection.enabled"]?.toLowerCase() !== "true") return undefined;
  if (keys.length !== 1) throw unknown(table, "projection.enabled", "of a table with one partition key", `${keys.length} keys`);
  const [key] = keys;
  const must = (name: string, value: string): void => {
    if (properties[name] !== value) throw unknown(table, name, value, properties[name]);
  };
  must(`projection.${key}.type`, "date");
  must(`projection.${key}.format`, FORMAT);
  must(`projection.${key}.interval`, "1");
  must(`projection.${key}.interval.unit`, "HOURS");
  const range = properties[`projection.${key}.range`] ?? "";
  const [first, last, ...more] = range.split(",").map((end) => (end.trim() === "NOW" ? hourOf(now) : end.trim()));
  if (!isHour(first) || !isHour(last) || more.length > 0) throw unknown(table, `projection.${key}.range`, `two of ${FORMAT} or NOW`, range);

  const template = properties["storage.location.template"] ?? "";
  const [base, behind, ...others] = template.split(`\${${key}}`);
  const location = parseLocation(base);
  if (location === undefined || behind === undefined || others.length > 0) {
    throw unknown(table, "storage.location.template", `s3://bucket/prefix/\${${key}}/`, template);
  }
  const suffix = behind.replace(/\/?$/, "/");
  return {
    base: location,
    valueOf: (object) => {
      const value = object.slice(location.key.length, location.key.length + FORMAT.length);
      const inside = object.startsWith(suffix, location.key.length + FORMAT.length);
      return inside && isHour(value) && first <= value && value <= last ? value : undefined;
    },
  };
}

const hourOf = (time: number): string => new Date(time).toISOString().slice(0, 13).replace(/[-T]/g, "/");

function isHour(value: string | undefined): boolean {
  const [, year, month, day, hour] = VALUE.exec(value ?? "") ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  return !Number.isNaN(time) && hourOf(time) === value;
}

const unknown = (table: string, property: string, rule: string, value: string | undefined): QueryFailure =>
  new QueryFailure("user", `INVALID_TABLE_PROPERTY: Table ${table}: ${property} must be ${rule} in the local athena, got ${String(value)}`);
