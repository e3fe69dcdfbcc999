import type { Cloud, Json } from "../service";
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

type Entry =
  | { op: "database"; database: Database }
  | { op: "table"; table: Table }
  | { op: "partition"; database: string; table: string; partition: Partition }
  | { op: "dropPartition"; database: string; table: string; values: string[] };

interface Shelf {
  table: Table;
  /** By their values as JSON. */
  partitions: Map<string, Partition>;
}

/** Databases, tables and partitions, in memory and in the log "catalog". */
export class DataCatalog {
  private readonly databases = new Map<string, { database: Database; tables: Map<string, Shelf> }>();
  private readonly store;

  constructor(cloud: Pick<Cloud, "store">) {
    this.store = cloud.store("glue");
  }

  async restore(): Promise<void> {
    for await (const entry of this.store.replay("catalog")) this.apply(entry as Entry);
  }

  allDatabases(): Database[] {
    return [...this.databases.values()].map(({ database }) => database);
  }

  /** @throws ServiceError EntityNotFoundException */
  database(name: string): Database {
    return this.shelves(name).database;
  }

  /** @throws ServiceError EntityNotFoundException */
  tables(database: string): Table[] {
    return [...this.shelves(database).tables.values()].map(({ table }) => table);
  }

  /** @throws ServiceError EntityNotFoundException */
  table(database: string, name: string): Table {
    return this.shelf(database, name).table;
  }

  /** @throws ServiceError EntityNotFoundException */
  partitions(database: string, table: string): Partition[] {
    return [...this.shelf(database, table).partitions.values()];
  }

  /** @throws ServiceError EntityNotFoundException */
  partition(database: string, table: string, values: string[]): Partition {
    const found = this.shelf(database, table).partitions.get(JSON.stringify(values));
    if (!found) throw notFound(`Cannot find partition. (${values.join(", ")})`);
    return found;
  }

  /** @throws ServiceError AlreadyExistsException */
  async addDatabase(database: Database): Promise<void> {
    if (this.databases.has(database.Name)) throw exists(`Database ${database.Name} already exists.`);
    await this.commit({ op: "database", database });
  }

  /** @throws ServiceError AlreadyExistsException, EntityNotFoundException */
  async addTable(table: Table): Promise<void> {
    if (this.shelves(table.DatabaseName).tables.has(table.Name)) throw exists(`Table ${table.Name} already exists.`);
    await this.commit({ op: "table", table });
  }

  /** @throws ServiceError AlreadyExistsException, EntityNotFoundException, InvalidInputException */
  async addPartition(database: string, table: string, partition: Partition): Promise<void> {
    this.checkValues(database, table, partition.Values);
    if (this.shelf(database, table).partitions.has(JSON.stringify(partition.Values))) throw exists("Partition already exists.");
    await this.commit({ op: "partition", database, table, partition });
  }

  /**
   * Puts a partition in another's place, which keeps its values.
   *
   * @throws ServiceError EntityNotFoundException, InvalidInputException
   */
  async replacePartition(database: string, table: string, values: string[], partition: Partition): Promise<void> {
    this.partition(database, table, values);
    if (JSON.stringify(values) !== JSON.stringify(partition.Values)) {
      throw new ServiceError("InvalidInputException", "The local Glue cannot give a partition other values.");
    }
    await this.commit({ op: "partition", database, table, partition });
  }

  /** @throws ServiceError EntityNotFoundException */
  async dropPartition(database: string, table: string, values: string[]): Promise<void> {
    this.partition(database, table, values);
    await this.commit({ op: "dropPartition", database, table, values });
  }

  private checkValues(database: string, name: string, values: string[]): void {
    const { PartitionKeys: keys } = this.table(database, name);
    if (values.length !== keys.length) {
      throw new ServiceError(
        "InvalidInputException",
        `The number of partition keys do not match the number of partition values: ${keys.length} and ${values.length}`,
      );
    }
  }

  private async commit(entry: Entry): Promise<void> {
    this.apply(entry);
    await this.store.append("catalog", entry);
  }

  private apply(entry: Entry): void {
    if (entry.op === "database") this.databases.set(entry.database.Name, { database: entry.database, tables: new Map() });
    else if (entry.op === "table") {
      this.shelves(entry.table.DatabaseName).tables.set(entry.table.Name, { table: entry.table, partitions: new Map() });
    } else if (entry.op === "partition") {
      this.shelf(entry.database, entry.table).partitions.set(JSON.stringify(entry.partition.Values), entry.partition);
    } else this.shelf(entry.database, entry.table).partitions.delete(JSON.stringify(entry.values));
  }

  private shelves(database: string) {
    const found = this.databases.get(database);
    if (!found) throw notFound(`Database ${database} not found.`);
    return found;
  }

  private shelf(database: string, table: string): Shelf {
    const found = this.shelves(database).tables.get(table);
    if (!found) throw notFound(`Table ${table} not found.`);
    return found;
  }
}

const notFound = (message: string): ServiceError => new ServiceError("EntityNotFoundException", message);
const exists = (message: string): ServiceError => new ServiceError("AlreadyExistsException", message);
