import type { Json } from "../service";
import { ServiceError } from "../service";

/** A database of the Data Catalog, with its members as the API names them. */
export interface Database extends Json {
  Name: string;
}

/** A table of the Data Catalog, with its members as the API names them. */
export interface Table extends Json {
  Name: string;
  DatabaseName: string;
  PartitionKeys: { Name: string; Type: string }[];
}

/** A partition of a table, with its members as the API names them. */
export interface Partition extends Json {
  Values: string[];
}

/** A table's name. */
export interface TableName {
  DatabaseName: string;
  TableName: string;
}

interface TableEntry {
  table: Table;
  /** By their values as JSON. */
  partitions: Map<string, Partition>;
}

/** Databases, tables and partitions. */
export class DataCatalog {
  private readonly databases = new Map<string, { database: Database; tables: Map<string, TableEntry> }>();

  /** @throws ServiceError EntityNotFoundException */
  database(name: string): Database {
    return this.databaseEntry(name).database;
  }

  /** @throws ServiceError EntityNotFoundException */
  table(name: TableName): Table {
    return this.entry(name).table;
  }

  /** @throws ServiceError EntityNotFoundException */
  partitions(table: TableName): Partition[] {
    return [...this.entry(table).partitions.values()];
  }

  /** @throws ServiceError EntityNotFoundException */
  partition(table: TableName, values: string[]): Partition {
    const found = this.entry(table).partitions.get(JSON.stringify(values));
    if (!found) throw notFound(`Cannot find partition. (${values.join(", ")})`);
    return found;
  }

  /** @throws ServiceError AlreadyExistsException */
  addDatabase(database: Database): void {
    if (this.databases.has(database.Name)) throw exists(`Database ${database.Name} already exists.`);
    this.databases.set(database.Name, { database, tables: new Map() });
  }

  /** @throws ServiceError AlreadyExistsException, EntityNotFoundException */
  addTable(table: Table): void {
    const { tables } = this.databaseEntry(table.DatabaseName);
    if (tables.has(table.Name)) throw exists(`Table ${table.Name} already exists.`);
    tables.set(table.Name, { table, partitions: new Map() });
  }

  /** @throws ServiceError AlreadyExistsException, EntityNotFoundException, InvalidInputException */
  addPartition(name: TableName, partition: Partition): void {
    const { table, partitions } = this.entry(name);
    const key = JSON.stringify(partition.Values);
    const [keys, values] = [table.PartitionKeys.length, partition.Values.length];
    if (keys !== values) {
      throw invalid(`The number of partition keys do not match the number of partition values: ${keys} and ${values}`);
    }
    if (partitions.has(key)) throw exists("Partition already exists.");
    partitions.set(key, partition);
  }

  /**
   * Replaces a partition by one with the same values.
   *
   * @throws ServiceError EntityNotFoundException, InvalidInputException
   */
  replacePartition(table: TableName, values: string[], partition: Partition): void {
    this.partition(table, values);
    const key = JSON.stringify(values);
    if (key !== JSON.stringify(partition.Values)) throw invalid("The local Glue cannot give a partition other values.");
    this.entry(table).partitions.set(key, partition);
  }

  private databaseEntry(name: string) {
    const found = this.databases.get(name);
    if (!found) throw notFound(`Database ${name} not found.`);
    return found;
  }

  private entry({ DatabaseName, TableName }: TableName): TableEntry {
    const found = this.databaseEntry(DatabaseName).tables.get(TableName);
    if (!found) throw notFound(`Table ${TableName} not found.`);
    return found;
  }
}

const notFound = (message: string): ServiceError => new ServiceError("EntityNotFoundException", message);
const exists = (message: string): ServiceError => new ServiceError("AlreadyExistsException", message);
const invalid = (message: string): ServiceError => new ServiceError("InvalidInputException", message);
