import { z } from "zod";
import { inputsOf } from "../inputs";
import type { Cloud, Json, ResourceType } from "../service";
import type { DataCatalog, Table } from "./catalog";

/** Names that Athena reads without quotes: https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html */
const NAME = z.string().regex(/^[a-z0-9_]{1,255}$/, "1 to 255 of a-z, 0-9 and _");
const TEXT = z.string().optional();
const TEXTS = z.record(z.string(), z.string()).default({});
const FLAG = z.boolean().default(false);
const COLUMNS = z.array(z.strictObject({ name: NAME, type: z.string().default("string"), comment: TEXT })).default([]);
const SERDE = z.strictObject({ name: TEXT, serializationLibrary: TEXT, parameters: TEXTS });

const STORAGE = z.strictObject({
  columns: COLUMNS,
  location: TEXT,
  inputFormat: TEXT,
  outputFormat: TEXT,
  compressed: FLAG,
  numberOfBuckets: z.int().min(-1).default(0),
  parameters: TEXTS,
  serDeInfo: SERDE.default({ parameters: {} }),
  storedAsSubDirectories: FLAG,
});

/** Databases and tables of the Data Catalog. */
export function catalogResources({ account, region, clock }: Cloud, catalog: DataCatalog): Record<string, ResourceType> {
  const arn = (resource: string): string => `arn:aws:glue:${region}:${account}:${resource}`;
  const seconds = (): number => Math.floor(clock.now() / 1000);
  const catalogId = z.literal(account, `the account ${account}`).optional();
  const databases = inputsOf(
    z.strictObject({ name: NAME, catalogId, description: TEXT, locationUri: TEXT, parameters: TEXTS, tags: TEXTS }),
    ({ name }) => `CatalogDatabase "${String(name)}"`,
  );
  const tables = inputsOf(
    z.strictObject({
      name: NAME,
      databaseName: NAME,
      catalogId,
      description: TEXT,
      owner: TEXT,
      parameters: TEXTS,
      partitionKeys: COLUMNS,
      retention: z.int().min(0).default(0),
      storageDescriptor: STORAGE.prefault({}),
      tableType: TEXT,
    }),
    ({ name }) => `CatalogTable "${String(name)}"`,
    ({ storageDescriptor, partitionKeys = [] }) => checkUnique([...(storageDescriptor?.columns ?? []), ...partitionKeys]),
  );

  return {
    "aws:glue/catalogDatabase:CatalogDatabase": {
      inputs: databases.names,
      check: databases.check,
      create: async (inputs) => {
        const { name, description, locationUri, parameters, tags } = databases.read(inputs);
        const database = { Name: name, Description: description, LocationUri: locationUri, Parameters: parameters };
        catalog.addDatabase({ ...database, CreateTime: seconds(), CatalogId: account });
        return { id: `${account}:${name}`, state: { arn: arn(`database/${name}`), catalogId: account, tagsAll: tags } };
      },
    },
    "aws:glue/catalogTable:CatalogTable": {
      inputs: tables.names,
      check: tables.check,
      create: async (inputs) => {
        const { name, databaseName, partitionKeys, storageDescriptor, ...table } = tables.read(inputs);
        const time = seconds();
        catalog.addTable({
          ...upper(table),
          Name: name,
          DatabaseName: databaseName,
          PartitionKeys: partitionKeys.map(upper) as Table["PartitionKeys"],
          StorageDescriptor: storageOf(storageDescriptor),
          CreateTime: time,
          UpdateTime: time,
          VersionId: "0",
          CatalogId: account,
        });
        return { id: `${account}:${databaseName}:${name}`, state: { arn: arn(`table/${databaseName}/${name}`), catalogId: account } };
      },
    },
  };
}

function storageOf({ columns, serDeInfo, ...storage }: z.output<typeof STORAGE>): Json {
  return { ...upper(storage), Columns: columns.map(upper), SerdeInfo: upper(serDeInfo) };
}

/** Names of inputs as the API writes them. */
const upper = (members: object): Json =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]));

/** Athena cannot read a table whose columns and partition keys share a name. */
function checkUnique(columns: readonly { name?: string }[]): void {
  const names = columns.flatMap(({ name }) => name ?? []);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw new Error(`columns must have different names, got ${repeated} twice`);
}
