import { z } from "zod";
import { operations } from "../operation";
import { paging } from "../paging";
import type { Cloud, Operation } from "../service";
import type { DataCatalog, Partition, TableName } from "./catalog";

/** https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html */
const PAGES = paging({ token: "NextToken", size: "MaxResults", most: 1000, invalidToken: "InvalidInputException" });

const NAME = z.string().min(1).max(255);
const VALUES = z.array(z.string()).min(1);
const PARAMETERS = z.record(z.string(), z.string()).optional();
const COLUMN = z.strictObject({ Name: NAME, Type: z.string().optional(), Comment: z.string().optional(), Parameters: PARAMETERS });
const SERDE = z.strictObject({ Name: z.string().optional(), SerializationLibrary: z.string().optional(), Parameters: PARAMETERS });

/** The members of a partition that are known: https://docs.aws.amazon.com/glue/latest/webapi/API_PartitionInput.html */
const PARTITION = z.strictObject({
  Values: VALUES,
  Parameters: PARAMETERS,
  LastAccessTime: z.number().optional(),
  LastAnalyzedTime: z.number().optional(),
  StorageDescriptor: z
    .strictObject({
      Columns: z.array(COLUMN).optional(),
      Location: z.string().optional(),
      InputFormat: z.string().optional(),
      OutputFormat: z.string().optional(),
      Compressed: z.boolean().optional(),
      NumberOfBuckets: z.int().optional(),
      SerdeInfo: SERDE.optional(),
      Parameters: PARAMETERS,
      StoredAsSubDirectories: z.boolean().optional(),
    })
    .optional(),
});

/**
 * Reads of the catalog and changes of partitions. Each needs its action on the catalog, the database and the table.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
 */
export function catalogOperations({ account, region, clock }: Cloud, catalog: DataCatalog): Record<string, Operation> {
  const arns = (...names: string[]): string[] => ["catalog", ...names].map((name) => `arn:aws:glue:${region}:${account}:${name}`);
  const databaseArns = (name: string): string[] => arns(`database/${name}`);
  const tableArns = ({ DatabaseName, TableName }: TableName): string[] =>
    arns(`database/${DatabaseName}`, `table/${DatabaseName}/${TableName}`);
  const made = ({ DatabaseName, TableName }: TableName, input: z.infer<typeof PARTITION>): Partition => {
    return { ...input, DatabaseName, TableName, CatalogId: account, CreationTime: Math.floor(clock.now() / 1000) };
  };
  const catalogId = { CatalogId: z.literal(account).optional() };
  const ofTable = { DatabaseName: NAME, TableName: NAME, ...catalogId };

  return operations(
    { service: "glue", invalid: "InvalidInputException" },
    {
      GetDatabase: {
        members: { Name: NAME, ...catalogId },
        resources: ({ Name }) => databaseArns(Name),
        run: ({ Name }) => ({ Database: catalog.database(Name) }),
      },
      GetTable: {
        members: { DatabaseName: NAME, Name: NAME, ...catalogId },
        resources: ({ DatabaseName, Name }) => tableArns({ DatabaseName, TableName: Name }),
        run: ({ DatabaseName, Name }) => ({ Table: catalog.table({ DatabaseName, TableName: Name }) }),
      },
      GetPartition: {
        members: { ...ofTable, PartitionValues: VALUES },
        resources: tableArns,
        run: (request) => ({ Partition: catalog.partition(request, request.PartitionValues) }),
      },
      GetPartitions: {
        members: { ...ofTable, ...PAGES.members },
        resources: tableArns,
        run: (request) => {
          const { items, next } = PAGES.page(catalog.partitions(request), request);
          return { Partitions: items, ...next };
        },
      },
      CreatePartition: {
        members: { ...ofTable, PartitionInput: PARTITION },
        resources: tableArns,
        run: (request) => catalog.addPartition(request, made(request, request.PartitionInput)),
      },
      UpdatePartition: {
        members: { ...ofTable, PartitionValueList: VALUES, PartitionInput: PARTITION },
        resources: tableArns,
        run: (request) => catalog.replacePartition(request, request.PartitionValueList, made(request, request.PartitionInput)),
      },
    },
  );
}
