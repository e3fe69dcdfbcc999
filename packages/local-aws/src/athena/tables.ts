import type { Cloud, Json, Principal } from "../service";
import { ServiceError } from "../service";
import type { TableName } from "./dialect";
import { QueryFailure } from "./failure";
import { type Column, type Format, formatOf } from "./formats";
import type { Lake, LakeObject } from "./lake";
import { parseFolder } from "./location";
import { projectionOf } from "./projection";

/** An object of a table with its partition's values. */
export interface SourceObject extends LakeObject {
  values: string[];
}

/** What a query reads of a table. */
export interface Source {
  database: string;
  table: string;
  format: Format;
  columns: Column[];
  keys: Column[];
  objects: SourceObject[];
}

/** Whether a query needs the partition with these values, in the order of the table's keys. */
export type Wanted = (keys: string[], values: string[]) => boolean;

interface GlueTable {
  PartitionKeys: { Name: string; Type: string }[];
  Parameters: Record<string, string>;
  StorageDescriptor: Storage;
}

interface Storage {
  Columns: { Name: string; Type: string }[];
  Location?: string;
  SerdeInfo?: { SerializationLibrary?: string; Parameters?: Record<string, string> };
}

/** Finds tables and their objects with the permissions of the query's caller. */
export class Tables {
  constructor(
    private readonly cloud: Cloud,
    private readonly caller: Principal,
    private readonly lake: Lake,
  ) {}

  /**
   * @param wanted the partitions that the query needs
   * @throws QueryFailure SCHEMA_NOT_FOUND, TABLE_NOT_FOUND or naming what is not supported of the table
   */
  async source({ database, table: name }: TableName, wanted: Wanted): Promise<Source> {
    await this.glue("GetDatabase", { Name: database }, `SCHEMA_NOT_FOUND: line 1:1: Schema '${database}' does not exist`);
    const missing = `TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.${database}.${name}' does not exist`;
    const table = (await this.glue("GetTable", { DatabaseName: database, Name: name }, missing)).Table as GlueTable;
    const { Columns, SerdeInfo } = table.StorageDescriptor;
    const columns = Columns.map(columnOf);
    const serDe = { library: SerdeInfo?.SerializationLibrary, parameters: SerdeInfo?.Parameters ?? {} };
    const format = formatOf(name, serDe, columns);
    const comparable = table.PartitionKeys.every(({ Type }) => Type === "string");
    const objects = (await this.objects(database, name, table, comparable ? wanted : () => true)).filter(isData);
    return { database, table: name, format, columns, keys: table.PartitionKeys.map(columnOf), objects };
  }

  private async objects(database: string, name: string, table: GlueTable, wanted: Wanted): Promise<SourceObject[]> {
    const keys = table.PartitionKeys.map(({ Name }) => Name);
    if (keys.length === 0) return this.below(name, table.StorageDescriptor.Location, []);
    const projection = projectionOf(name, table.Parameters, keys, this.cloud.clock.now());
    if (projection) {
      const all = await this.lake.list(projection.base);
      return all.flatMap((object) => {
        const value = projection.valueOf(object.key);
        return value !== undefined && wanted(keys, [value]) ? [{ ...object, values: [value] }] : [];
      });
    }
    const found: SourceObject[] = [];
    for (let token: unknown; ;) {
      const page = token === undefined ? {} : { NextToken: token };
      const { Partitions, NextToken } = await this.glue("GetPartitions", { DatabaseName: database, TableName: name, ...page });
      for (const { Values, StorageDescriptor } of Partitions as { Values: string[]; StorageDescriptor?: Storage }[]) {
        if (wanted(keys, Values)) found.push(...(await this.below(name, StorageDescriptor?.Location, Values)));
      }
      if (NextToken === undefined) return found;
      token = NextToken;
    }
  }

  private async below(name: string, location: string | undefined, values: string[]): Promise<SourceObject[]> {
    const folder = parseFolder(location ?? "");
    if (folder === undefined) {
      throw new QueryFailure(
        "user",
        `INVALID_TABLE_PROPERTY: Table ${name}: location must be s3://bucket/prefix/, got ${String(location)}`,
      );
    }
    return (await this.lake.list(folder)).map((object) => ({ ...object, values }));
  }

  private async glue(operation: string, input: Json, missing?: string): Promise<Json> {
    try {
      return (await this.cloud.call(this.caller, "glue", operation, input)).output ?? {};
    } catch (error) {
      if (missing !== undefined && error instanceof ServiceError && error.code === "EntityNotFoundException") {
        throw new QueryFailure("syntax", missing);
      }
      throw error;
    }
  }
}

/** Whether an object has data. Empty objects have none; those whose names start with _ or . are hidden. */
const isData = ({ key, size }: LakeObject): boolean => size > 0 && !key.endsWith("/") && !/^[_.]/.test(key.slice(key.lastIndexOf("/") + 1));

const columnOf = ({ Name, Type }: { Name: string; Type: string }): Column => ({ name: Name, type: Type });
