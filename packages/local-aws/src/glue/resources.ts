import { count, flag, listOf, members, text, texts, type Shape } from "../s3/shapes";
import type { Cloud, Json, ResourceType } from "../service";
import type { DataCatalog, Table } from "./catalog";

/** What Athena can name without quotes: https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html */
const NAME = /^[a-z0-9_]{1,255}$/;

const COLUMNS = listOf(members({ name: text, type: text, comment: text }));
const STORAGE: Record<string, Shape> = {
  columns: COLUMNS,
  location: text,
  inputFormat: text,
  outputFormat: text,
  compressed: flag,
  numberOfBuckets: count(-1),
  parameters: texts,
  serDeInfo: members({ name: text, serializationLibrary: text, parameters: texts }),
  storedAsSubDirectories: flag,
};
const DATABASE: Record<string, Shape> = {
  name: text,
  catalogId: text,
  description: text,
  locationUri: text,
  parameters: texts,
  tags: texts,
};
const TABLE: Record<string, Shape> = {
  name: text,
  databaseName: text,
  catalogId: text,
  description: text,
  owner: text,
  parameters: texts,
  partitionKeys: COLUMNS,
  retention: count(0),
  storageDescriptor: members(STORAGE),
  tableType: text,
};

interface Column {
  name?: string;
  type?: string;
  comment?: string;
}

/** Databases and tables of the Data Catalog, as the program creates them. */
export function resourceTypes({ account, region, clock }: Cloud, catalog: DataCatalog): Record<string, ResourceType> {
  const arn = (resource: string): string => `arn:aws:glue:${region}:${account}:${resource}`;
  return {
    "aws:glue/catalogDatabase:CatalogDatabase": {
      inputs: Object.keys(DATABASE),
      check: (inputs) => {
        members(DATABASE)(inputs, owner("CatalogDatabase", inputs));
        checkName("CatalogDatabase", inputs, "name");
        checkAccount("CatalogDatabase", inputs, account);
      },
      create: async (inputs) => {
        const { name, description, locationUri, parameters = {}, tags = {} } = inputs as Json & { name: string };
        const time = seconds(clock.now());
        const database = { Name: name, Description: description, LocationUri: locationUri, Parameters: parameters };
        await catalog.addDatabase({ ...database, CreateTime: time, CatalogId: account });
        return { id: `${account}:${name}`, state: { arn: arn(`database/${name}`), catalogId: account, tagsAll: tags } };
      },
    },
    "aws:glue/catalogTable:CatalogTable": {
      inputs: Object.keys(TABLE),
      check: (inputs) => {
        members(TABLE)(inputs, owner("CatalogTable", inputs));
        for (const key of ["name", "databaseName"]) checkName("CatalogTable", inputs, key);
        checkAccount("CatalogTable", inputs, account);
        checkColumns(inputs);
      },
      create: async (inputs) => {
        const table = tableOf(inputs, seconds(clock.now()), account);
        await catalog.addTable(table);
        const { Name, DatabaseName } = table;
        return { id: `${account}:${DatabaseName}:${Name}`, state: { arn: arn(`table/${DatabaseName}/${Name}`), catalogId: account } };
      },
    },
  };
}

function tableOf(inputs: Json, time: number, account: string): Table {
  const storage = (inputs.storageDescriptor ?? {}) as Json;
  const serDe = (storage.serDeInfo ?? {}) as Json;
  return {
    Name: String(inputs.name),
    DatabaseName: String(inputs.databaseName),
    Description: inputs.description,
    Owner: inputs.owner,
    Retention: inputs.retention ?? 0,
    TableType: inputs.tableType,
    Parameters: inputs.parameters ?? {},
    PartitionKeys: columnsOf(inputs.partitionKeys),
    StorageDescriptor: {
      Columns: columnsOf(storage.columns),
      Location: storage.location,
      InputFormat: storage.inputFormat,
      OutputFormat: storage.outputFormat,
      Compressed: storage.compressed ?? false,
      NumberOfBuckets: storage.numberOfBuckets ?? 0,
      Parameters: storage.parameters ?? {},
      SerdeInfo: { Name: serDe.name, SerializationLibrary: serDe.serializationLibrary, Parameters: serDe.parameters ?? {} },
      StoredAsSubDirectories: storage.storedAsSubDirectories ?? false,
    },
    CreateTime: time,
    UpdateTime: time,
    VersionId: "0",
    CatalogId: account,
  };
}

function columnsOf(columns: unknown): { Name: string; Type: string; Comment?: string }[] {
  return ((columns ?? []) as Column[]).map(({ name, type, comment }) => ({ Name: String(name), Type: type ?? "string", Comment: comment }));
}

const seconds = (time: number): number => Math.floor(time / 1000);
const owner = (kind: string, { name }: Json): string => `${kind} "${String(name)}"`;

function checkName(kind: string, inputs: Json, key: string): void {
  const value = inputs[key];
  if (typeof value === "string" && !NAME.test(value)) {
    throw new Error(`${owner(kind, inputs)}: ${key} must be 1 to 255 of a-z, 0-9 and _, got ${JSON.stringify(value)}`);
  }
}

function checkAccount(kind: string, inputs: Json, account: string): void {
  const { catalogId } = inputs;
  if (catalogId !== undefined && catalogId !== account) {
    throw new Error(`${owner(kind, inputs)}: catalogId must be the account ${account}, got ${JSON.stringify(catalogId)}`);
  }
}

/** Athena does not read a table whose columns and partition keys share a name. */
function checkColumns(inputs: Json): void {
  const storage = inputs.storageDescriptor as { columns?: Column[] } | undefined;
  const seen = new Set<string>();
  for (const { name } of [...(storage?.columns ?? []), ...((inputs.partitionKeys as Column[] | undefined) ?? [])]) {
    if (name === undefined) continue;
    if (!NAME.test(name))
      throw new Error(`${owner("CatalogTable", inputs)}: columns must be named by a-z, 0-9 and _, got ${JSON.stringify(name)}`);
    if (seen.has(name)) throw new Error(`${owner("CatalogTable", inputs)}: columns must have names of their own, got ${name} twice`);
    seen.add(name);
  }
}
