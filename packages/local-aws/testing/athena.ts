import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type QueryExecution,
  StartQueryExecutionCommand,
  type StartQueryExecutionCommandInput,
} from "@aws-sdk/client-athena";
import { GlueClient } from "@aws-sdk/client-glue";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type AthenaOptions, makeAthena } from "../src/athena";
import type { CloudOptions } from "../src/cloud";
import { glue } from "../src/glue";
import { s3 } from "../src/s3";
import type { Json, Principal, Statement } from "../src/service";
import { type TestCloud, withCloud } from "./cloud";
import { eventually } from "./eventually";
import { JumpingClock } from "./jumpingClock";

export const UPSTREAM = "shop-upstream";
export const LAKE = "shop-lake";
export const CACHE = "shop-cache";
export const DATABASE = "shop_derived";
export const WORKGROUP = "shop-athena";
export const RESULTS = `s3://${CACHE}/athena/`;

const FASTER = 1000;
const STRING = { type: "string" };
const LINES = {
  columns: [{ name: "line", ...STRING }],
  inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
  outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
  serDeInfo: { serializationLibrary: "org.apache.hadoop.hive.serde2.RegexSerDe", parameters: { "input.regex": "(?s)(.*)" } },
};
const PARQUET = {
  inputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
  outputFormat: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
  serDeInfo: { serializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" },
};

/** Inputs of a table whose rows are lines. */
export const lineTable = (name: string, location: string, more: Json = {}): Json => ({
  name,
  databaseName: DATABASE,
  tableType: "EXTERNAL_TABLE",
  storageDescriptor: { ...LINES, location },
  ...more,
});

/** Inputs of a table of lines with projected partitions, one per hour. */
export const hourTable = (name: string, location: string, range: string): Json =>
  lineTable(name, location, {
    partitionKeys: [{ name: "datehour", ...STRING }],
    parameters: {
      "projection.enabled": "true",
      "projection.datehour.type": "date",
      "projection.datehour.format": "yyyy/MM/dd/HH",
      "projection.datehour.range": range,
      "projection.datehour.interval": "1",
      "projection.datehour.interval.unit": "HOURS",
      "storage.location.template": `${location}\${datehour}/`,
    },
  });

/** Inputs of a table of parquet files with one partition per day, without projection. */
export const dayTable = (name: string, columns: { name: string; type: string }[]): Json => ({
  name,
  databaseName: DATABASE,
  tableType: "EXTERNAL_TABLE",
  partitionKeys: [{ name: "dt", ...STRING }],
  storageDescriptor: { ...PARQUET, columns, location: `s3://${LAKE}/${name}/` },
});

/** Outcome of a query. */
export interface Ended {
  id: string;
  execution: QueryExecution;
  state?: string;
  reason?: string;
}

/** A cloud with Athena, Glue and S3, three buckets, a database and a workgroup; waits are a thousand times shorter. */
export class AthenaBench {
  readonly athena: AthenaClient;
  readonly glue: GlueClient;
  readonly s3: S3Client;
  private readonly clients: { destroy(): void }[] = [];

  private constructor(readonly running: TestCloud) {
    this.athena = this.client(AthenaClient);
    this.glue = this.client(GlueClient);
    this.s3 = this.client(S3Client);
  }

  /** @param options `stateDir` continues with an earlier bench's state, where all resources exist */
  static async open(options: AthenaOptions = {}, cloud: Partial<CloudOptions> = {}): Promise<AthenaBench> {
    const factories = [s3, glue, makeAthena(options)];
    const bench = new AthenaBench(await withCloud(factories, { clock: new JumpingClock(FASTER), ...cloud }));
    if (cloud.stateDir === undefined) await bench.surroundings();
    return bench;
  }

  async surroundings(configuration: Json = {}): Promise<void> {
    for (const bucket of [UPSTREAM, LAKE, CACHE]) await this.create("aws:s3/bucket:Bucket", { bucket });
    await this.create("aws:glue/catalogDatabase:CatalogDatabase", { name: DATABASE });
    await this.workgroup(WORKGROUP, configuration);
  }

  async workgroup(name: string, configuration: Json = {}): Promise<void> {
    const resultConfiguration = { outputLocation: RESULTS };
    await this.create("aws:athena/workgroup:Workgroup", { name, configuration: { resultConfiguration, ...configuration } });
  }

  table(inputs: Json): Promise<{ id: string; state: Json }> {
    return this.create("aws:glue/catalogTable:CatalogTable", inputs);
  }

  create(type: string, inputs: Json): Promise<{ id: string; state: Json }> {
    return this.running.cloud.create(type, inputs, `urn:pulumi:test::test::${type}::made`);
  }

  /** A role with the given statements only. */
  async role(name: string, Statement: Statement[]): Promise<Principal> {
    const trust = { Statement: [{ Effect: "Allow", Principal: { Service: "states.amazonaws.com" }, Action: "sts:AssumeRole" }] };
    const role = await this.create("aws:iam/role:Role", { name, assumeRolePolicy: trust });
    await this.create("aws:iam/rolePolicy:RolePolicy", { name, role: name, policy: { Statement } });
    return this.running.cloud.assume(String(role.state.arn), "states.amazonaws.com");
  }

  /** A client of the account's owner, or of someone else. */
  client<T extends { destroy(): void }>(Client: new (config: Json) => T, principal?: Principal): T {
    const config = principal === undefined ? this.running.client : this.running.clientOf(principal);
    const client = new Client({ ...config, maxAttempts: 1, forcePathStyle: true });
    this.clients.push(client);
    return client;
  }

  async put(bucket: string, key: string, body: string | Buffer): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: typeof body === "string" ? Buffer.from(body) : body }));
  }

  async keys(bucket: string, prefix: string): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return Contents.map(({ Key = "" }) => Key);
  }

  async get(uri: string): Promise<Buffer> {
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/s.exec(uri) ?? [];
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async start(sql: string, more: Partial<StartQueryExecutionCommandInput> = {}, client = this.athena): Promise<string> {
    const input = { QueryString: sql, WorkGroup: WORKGROUP, QueryExecutionContext: { Database: DATABASE }, ...more };
    return (await client.send(new StartQueryExecutionCommand(input))).QueryExecutionId ?? "";
  }

  async look(id: string): Promise<Ended> {
    const { QueryExecution: execution = {} } = await this.athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    return { id, execution, state: execution.Status?.State, reason: execution.Status?.StateChangeReason };
  }

  /** Waits until a query has ended; the first one of a process loads its SQL translator. */
  ended(id: string): Promise<Ended> {
    const check = async (): Promise<Ended> => {
      const found = await this.look(id);
      if (found.state === "QUEUED" || found.state === "RUNNING") throw new Error(`query ${id} is ${found.state}`);
      return found;
    };
    return eventually(check);
  }

  /** Runs a query and waits until it has ended. */
  async run(sql: string, more: Partial<StartQueryExecutionCommandInput> = {}, client = this.athena): Promise<Ended> {
    return this.ended(await this.start(sql, more, client));
  }

  /** Rows of a query that SUCCEEDED, the header first. */
  async rows(sql: string): Promise<(string | undefined)[][]> {
    const { id, state, reason } = await this.run(sql);
    if (state !== "SUCCEEDED") throw new Error(`query ${state}: ${reason}`);
    const { ResultSet } = await this.athena.send(new GetQueryResultsCommand({ QueryExecutionId: id }));
    return (ResultSet?.Rows ?? []).map(({ Data = [] }) => Data.map(({ VarCharValue }) => VarCharValue));
  }

  /** URIs in an UNLOAD's manifest. */
  async manifest({ execution }: Ended): Promise<string[]> {
    const text = (await this.get(execution.Statistics?.DataManifestLocation ?? "")).toString();
    return text.split("\n").slice(0, -1);
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await this.running.stop();
  }
}
