import type { Cloud, Json, RequiredPermission, Operation } from "../service";
import type { DataCatalog, Partition } from "./catalog";
import { invalid, page, PAGING, refuseUnknown, textOf, textsOf } from "./input";

/** Most partitions, tables or databases of one page: https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html */
const PAGE = { GetDatabases: 100, GetTables: 100, GetPartitions: 1000 };
const PARTITION_INPUT = ["Values", "StorageDescriptor", "Parameters", "LastAccessTime", "LastAnalyzedTime"];

type Answer = (input: Json) => Promise<Json> | Json;

/**
 * Reads of the catalog and changes of partitions. Each needs its action on the catalog, the database and the table.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
 */
export function glueOperations({ account, region, clock }: Cloud, catalog: DataCatalog): Record<string, Operation> {
  const arn = (resource: string): string => `arn:aws:glue:${region}:${account}:${resource}`;
  const operation = (name: string, known: string[], tables: (input: Json) => string[], answer: Answer): Operation => ({
    permissions: (input) => {
      const resources = ["catalog", ...tables(input)];
      return resources.map((resource): RequiredPermission => ({ action: `glue:${name}`, resource: arn(resource) }));
    },
    run: async (input) => {
      refuseUnknown(name, input, [...known, "CatalogId"]);
      if (input.CatalogId !== undefined && input.CatalogId !== account) throw invalid(`CatalogId must be ${account}`);
      return { output: await answer(input) };
    },
  });
  const ofDatabase = ({ DatabaseName, Name }: Json): string[] => [`database/${String(DatabaseName ?? Name)}`];
  const ofTable = ({ DatabaseName, TableName, Name }: Json): string[] => [
    `database/${String(DatabaseName)}`,
    `table/${String(DatabaseName)}/${String(TableName ?? Name)}`,
  ];
  const partitionOperation = (
    name: string,
    known: string[],
    answer: (input: Json, database: string, table: string) => Promise<Json> | Json,
  ) =>
    operation(name, ["DatabaseName", "TableName", ...known], ofTable, (input) =>
      answer(input, textOf(input, "DatabaseName"), textOf(input, "TableName")),
    );
  const made = (input: Json): Partition => {
    const partition = partitionOf(input);
    const place = { DatabaseName: input.DatabaseName, TableName: input.TableName, CatalogId: account };
    return { ...partition, ...place, CreationTime: Math.floor(clock.now() / 1000) };
  };

  return {
    GetDatabase: operation("GetDatabase", ["Name"], ofDatabase, (input) => ({ Database: catalog.database(textOf(input, "Name")) })),
    GetDatabases: operation(
      "GetDatabases",
      PAGING,
      () => ["database/*"],
      (input) => {
        const { items, ...token } = page(catalog.allDatabases(), input, PAGE.GetDatabases);
        return { DatabaseList: items, ...token };
      },
    ),
    GetTable: operation("GetTable", ["DatabaseName", "Name"], ofTable, (input) => ({
      Table: catalog.table(textOf(input, "DatabaseName"), textOf(input, "Name")),
    })),
    GetTables: operation(
      "GetTables",
      ["DatabaseName", ...PAGING],
      (input) => [...ofDatabase(input), `table/${String(input.DatabaseName)}/*`],
      (input) => {
        const { items, ...token } = page(catalog.tables(textOf(input, "DatabaseName")), input, PAGE.GetTables);
        return { TableList: items, ...token };
      },
    ),
    GetPartition: partitionOperation("GetPartition", ["PartitionValues"], (input, database, table) => ({
      Partition: catalog.partition(database, table, textsOf(input, "PartitionValues")),
    })),
    GetPartitions: partitionOperation("GetPartitions", PAGING, (input, database, table) => {
      const { items, ...token } = page(catalog.partitions(database, table), input, PAGE.GetPartitions);
      return { Partitions: items, ...token };
    }),
    CreatePartition: partitionOperation("CreatePartition", ["PartitionInput"], async (input, database, table) => {
      await catalog.addPartition(database, table, made(input));
      return {};
    }),
    UpdatePartition: partitionOperation("UpdatePartition", ["PartitionValueList", "PartitionInput"], async (input, database, table) => {
      await catalog.replacePartition(database, table, textsOf(input, "PartitionValueList"), made(input));
      return {};
    }),
    DeletePartition: partitionOperation("DeletePartition", ["PartitionValues"], async (input, database, table) => {
      await catalog.dropPartition(database, table, textsOf(input, "PartitionValues"));
      return {};
    }),
  };
}

function partitionOf({ PartitionInput }: Json): Partition {
  if (PartitionInput === null || typeof PartitionInput !== "object") throw invalid("PartitionInput must be given");
  const input = PartitionInput as Json;
  refuseUnknown("PartitionInput", input, PARTITION_INPUT);
  return { ...input, Values: textsOf(input, "Values") };
}
