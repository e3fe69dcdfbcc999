import { QueryFailure } from "./failure";
import { parseLocation, type Location } from "./location";

/** Supported formats, each with its unit and functions that format and parse a time. */
const FORMATS: Record<string, { unit: string; write: (time: number) => string; read: (value: string) => number }> = {
  "yyyy/MM/dd/HH": {
    unit: "HOURS",
    write: (time) => new Date(time).toISOString().slice(0, 13).replace(/[-T]/g, "/"),
    read: (value) => Date.parse(`${value.slice(0, 10).replaceAll("/", "-")}T${value.slice(11)}:00:00Z`),
  },
  "yyyy-MM-dd": {
    unit: "DAYS",
    write: (time) => new Date(time).toISOString().slice(0, 10),
    read: (value) => Date.parse(`${value}T00:00:00Z`),
  },
};

/** A partition key whose values come from the table's properties instead of partitions. */
export interface Projection {
  /** Key prefix of all partitions. */
  base: Location;
  /** The value of an object's partition; undefined when the object is outside all partitions. */
  valueOf(key: string): string | undefined;
}

/**
 * Reads the properties of a table with partition projection: one key of type date, by the hour or the day.
 *
 * @param keys names of the partition keys
 * @param now epoch milliseconds
 * @returns undefined when the table has no projection
 * @throws QueryFailure naming a property that is not supported
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
  const format = properties[`projection.${key}.format`] ?? "";
  const known = FORMATS[format];
  if (known === undefined) throw unknown(table, `projection.${key}.format`, Object.keys(FORMATS).join(" or "), format);
  must(`projection.${key}.interval`, "1");
  must(`projection.${key}.interval.unit`, known.unit);
  const isValue = (value: string | undefined): boolean => {
    const time = value?.length === format.length ? known.read(value) : NaN;
    return !Number.isNaN(time) && known.write(time) === value;
  };
  const range = properties[`projection.${key}.range`] ?? "";
  const [first, last, ...more] = range.split(",").map((end) => (end.trim() === "NOW" ? known.write(now) : end.trim()));
  if (!isValue(first) || !isValue(last) || more.length > 0)
    throw unknown(table, `projection.${key}.range`, `two of ${format} or NOW`, range);

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
      const value = object.slice(location.key.length, location.key.length + format.length);
      const inside = object.startsWith(suffix, location.key.length + format.length);
      return inside && isValue(value) && first <= value && value <= last ? value : undefined;
    },
  };
}

const unknown = (table: string, property: string, rule: string, value: string | undefined): QueryFailure =>
  new QueryFailure("user", `INVALID_TABLE_PROPERTY: Table ${table}: ${property} must be ${rule} in the local athena, got ${String(value)}`);
