import * as assert from "node:assert/strict";
import { Catalog, type CatalogArgs } from "../../../components/catalog/catalog";
import { CONTEXT, deploy, PERSONAL_CONTEXT } from "../../support/pulumiMocks";

const ARGS: CatalogArgs = {
  context: { ...PERSONAL_CONTEXT, keyPrefix: "" },
};
const { tags: TAGS } = CONTEXT;
const DATABASE = "acme_crm_derived_restricted_dev";
const TABLE = "aws:glue/catalogTable:CatalogTable";
const LINES = {
  inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
  outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
  serDeInfo: { serializationLibrary: "org.apache.hadoop.hive.serde2.RegexSerDe", parameters: { "input.regex": "(?s)(.*)" } },
  columns: [{ name: "line", type: "string" }],
};

const create = (args: Partial<CatalogArgs> = {}) => deploy(() => void new Catalog("c", { ...ARGS, ...args }));

describe("Catalog", () => {
  it("creates a database with five tables", async () => {
    const { get, names } = await create();
    assert.deepEqual(get("aws:glue/catalogDatabase:CatalogDatabase", "c-database").inputs, { name: DATABASE, tags: TAGS });
    assert.deepEqual(names(TABLE), ["c-descriptions", "c-events", "c-history", "c-interactions", "c-trainings"]);
    assert.deepEqual(get(TABLE, "c-history").inputs, {
      databaseName: DATABASE,
      name: "t100_dashboard_interaction_history",
      tableType: "EXTERNAL_TABLE",
      storageDescriptor: { location: "s3://up/crm/dashboard_interaction/history/", ...LINES },
      parameters: { EXTERNAL: "TRUE" },
    });
    const text = (name: string) => ({ name, type: "string" });
    const number = (name: string) => ({ name, type: "bigint" });
    assert.deepEqual(get(TABLE, "c-descriptions").inputs, {
      databaseName: DATABASE,
      name: "t100_dashboard_interaction_history_description",
      tableType: "EXTERNAL_TABLE",
      storageDescriptor: {
        location: "s3://lake/crm_derived_restricted/t100_dashboard_interaction_history_description/",
        inputFormat: LINES.inputFormat,
        outputFormat: LINES.outputFormat,
        serDeInfo: { serializationLibrary: "org.apache.hive.hcatalog.data.JsonSerDe", parameters: {} },
        columns: [
          ...["object", "delimiter"].map(text),
          ...["column_count", "user_position", "item_position", "time_position", "type_position"].map(number),
          ...["header", "refused"].map(text),
        ],
      },
      parameters: { EXTERNAL: "TRUE" },
    });
    assert.deepEqual(get(TABLE, "c-interactions").inputs, {
      databaseName: DATABASE,
      name: "t200_dashboard_interaction",
      tableType: "EXTERNAL_TABLE",
      storageDescriptor: {
        location: "s3://lake/crm_derived_restricted/t200_dashboard_interaction/",
        inputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        outputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        serDeInfo: {
          serializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
          parameters: { "serialization.format": "1" },
        },
        columns: [
          { name: "user_id", type: "string" },
          { name: "item_id", type: "string" },
          { name: "timestamp", type: "bigint" },
          { name: "event_type", type: "string" },
          { name: "streamed", type: "boolean" },
        ],
      },
      partitionKeys: [{ name: "dt", type: "string" }],
      parameters: { EXTERNAL: "TRUE", classification: "parquet" },
    });
  });

  it("projects hourly partitions of raw events, below the stage's key prefix", async () => {
    const { get } = await create({ context: PERSONAL_CONTEXT, projectionStart: "2026/03/01/00" });
    const location = "s3://up/alice/crm/dashboard_interaction/latest/";
    assert.deepEqual(get(TABLE, "c-events").inputs, {
      databaseName: DATABASE,
      name: "t100_dashboard_interaction_event",
      tableType: "EXTERNAL_TABLE",
      storageDescriptor: { location, ...LINES },
      partitionKeys: [{ name: "datehour", type: "string" }],
      parameters: {
        EXTERNAL: "TRUE",
        "projection.enabled": "true",
        "projection.datehour.type": "date",
        "projection.datehour.format": "yyyy/MM/dd/HH",
        "projection.datehour.range": "2026/03/01/00,NOW",
        "projection.datehour.interval": "1",
        "projection.datehour.interval.unit": "HOURS",
        "storage.location.template": `${location}\${datehour}/`,
      },
    });
  });

  it("projects daily partitions of training runs, one JSON object per line", async () => {
    const { get } = await create({ context: PERSONAL_CONTEXT, projectionStart: "2026/03/01/00" });
    const location = "s3://lake/alice/crm_derived_restricted/t310_training_run/";
    const text = ["run_id", "run_date", "run_key", "finished_at"].map((name) => ({ name, type: "string" }));
    assert.deepEqual(get(TABLE, "c-trainings").inputs, {
      databaseName: DATABASE,
      name: "t310_training_run",
      tableType: "EXTERNAL_TABLE",
      storageDescriptor: {
        location,
        inputFormat: LINES.inputFormat,
        outputFormat: LINES.outputFormat,
        serDeInfo: { serializationLibrary: "org.apache.hive.hcatalog.data.JsonSerDe", parameters: {} },
        columns: [
          ...text,
          ...["rows", "users", "items"].map((name) => ({ name, type: "bigint" })),
          { name: "solution_version_arn", type: "string" },
          ...["metrics", "present", "baseline"].map((name) => ({ name, type: "map<string,double>" })),
          ...["decision", "reason"].map((name) => ({ name, type: "string" })),
          ...["rows_in", "bad_rows"].map((name) => ({ name, type: "bigint" })),
        ],
      },
      partitionKeys: [{ name: "dt", type: "string" }],
      parameters: {
        EXTERNAL: "TRUE",
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2026-03-01,NOW",
        "projection.dt.interval": "1",
        "projection.dt.interval.unit": "DAYS",
        "storage.location.template": `${location}dt=\${dt}/`,
      },
    });
  });

  it("creates a workgroup that sets the location of results and the scan limit of a query, and that its history does not keep", async () => {
    const { get } = await create();
    assert.deepEqual(get("aws:athena/workgroup:Workgroup", "c-workgroup").inputs, {
      name: "acme-c360-recommender-athena-dev",
      configuration: {
        enforceWorkgroupConfiguration: true,
        publishCloudwatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: 1_099_511_627_776,
        engineVersion: { selectedEngineVersion: "Athena engine version 3" },
        resultConfiguration: {
          outputLocation: "s3://cache/athena/",
          expectedBucketOwner: "123456789012",
          encryptionConfiguration: { encryptionOption: "SSE_S3" },
        },
      },
      forceDestroy: true,
      tags: TAGS,
    });
  });
});
