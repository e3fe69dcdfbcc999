import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Readable } from "node:stream";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import type { KinesisStreamEvent } from "aws-lambda";
import type { EventForwarderArgs } from "../../components/eventForwarder/eventForwarder";
import {
  type ActiveFault,
  cloudControl,
  type Fault,
  type Json,
  kinesis,
  logs,
  makeLambda,
  makePersonalize,
  type PersonalizeOptions,
  s3,
  type Statement,
} from "@c360/local-aws";
import { createStream, eventually, JumpingClock, makeRecommender, protocols, type TestCloud, withCloud } from "@c360/local-aws/testing";
import { makeForwarder } from "./forwarder";
import { deploy, type Registered } from "./pulumiMocks";
import type { Invocation } from "./serialize";

/** How much shorter the waits of the cloud are. */
const SCALE = 100;
export const STREAM = "events";
export const UPSTREAM = "upstream";
export const SHARD = "shardId-000000000000";

/** What a test changes. */
export interface ForwarderOptions extends Partial<Pick<EventForwarderArgs, "batchSize" | "timeoutSeconds" | "callsPerSecond">> {
  /** Sid of a statement that the role's policy lacks. */
  without?: string;
  /** Shards of the stream. @default 1 */
  shards?: number;
}

/** The forwarder as its component deploys it, in a local cloud with its stream, event tracker and dead-letter store. */
export class DeployedForwarder {
  private readonly processes: ChildProcess[] = [];
  private readonly functionName: string;
  private readonly logGroup: string;

  private constructor(
    readonly running: TestCloud,
    readonly clock: JumpingClock,
    private readonly resources: Registered[],
  ) {
    const { name, loggingConfig } = this.inputs("aws:lambda/function:Function") as { name: string; loggingConfig: { logGroup: string } };
    this.functionName = name;
    this.logGroup = loggingConfig.logGroup;
  }

  static async open({ without, shards = 1, ...changes }: ForwarderOptions = {}): Promise<DeployedForwarder> {
    const clock = new JumpingClock(SCALE);
    const services = [
      kinesis,
      s3,
      logs,
      cloudControl,
      makePersonalize({ latencyMs: 0, creationMs: 0, rejects }),
      makeLambda({ pollMs: 210 }),
    ];
    const running = await withCloud(services, { clock });
    try {
      await createStream(running, STREAM, { shardCount: shards });
      await running.cloud.create("aws:s3/bucket:Bucket", { bucket: UPSTREAM }, "urn:pulumi:dev::test::aws:s3/bucket:Bucket::upstream");
      const { trackingId } = await makeRecommender(running.cloud);
      const { resources } = await deploy(() => makeForwarder({ trackingId, ...changes }));
      const forwarder = new DeployedForwarder(running, clock, resources);
      for (const { type, inputs, urn, custom } of resources) {
        if (custom) await running.cloud.create(type, type === ROLE_POLICY ? withoutStatement(inputs, without) : inputs, urn);
      }
      subscribe("child_process", forwarder.onProcess);
      return forwarder;
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    unsubscribe("child_process", this.onProcess);
    await this.running.stop();
  }

  /** Makes PutEvents calls fail; `when` gets the request. */
  failPutEvents(kind: Fault["kind"], more: Partial<Fault> = {}): ActiveFault {
    return this.running.faults.inject({ service: "personalize", operation: "POST /events", kind, ...more });
  }

  /** Makes writes to the dead-letter store fail, but not those to Lambda's failure destination. */
  failDeadLetters(kind: Fault["kind"], more: Partial<Fault> = {}): ActiveFault {
    const when = ({ Key }: Json): boolean => String(Key).includes("/dead_letter/");
    return this.running.faults.inject({ service: "s3", operation: "PUT /{Bucket}/{Key+}", kind, when, ...more });
  }

  /** Makes reads of the stream fail. */
  failReading(kind: Fault["kind"], more: Partial<Fault> = {}): ActiveFault {
    return this.running.faults.inject({ service: "kinesis", operation: "GetRecords", kind, ...more });
  }

  /** Invokes the function with a batch. */
  async invoke(event: KinesisStreamEvent): Promise<Invocation> {
    const { cloud, owner } = this.running;
    const operation = "POST /2015-03-31/functions/{FunctionName}/invocations";
    const body = Readable.from([Buffer.from(JSON.stringify(event))]);
    const reply = await cloud.call(owner, "lambda", operation, { FunctionName: this.functionName }, body);
    const payload = JSON.parse((reply.body as Buffer).toString()) as { errorType: string; errorMessage: string };
    if (reply.headers?.["x-amz-function-error"] === undefined) return { result: payload };
    return { error: { name: payload.errorType, message: payload.errorMessage } };
  }

  /** Puts records on the stream and returns their sequence numbers. */
  async put(payloads: readonly { key: string; data: Buffer }[]): Promise<string[]> {
    const client = protocols["HTTP/2"](this.running);
    const Records = payloads.map(({ key, data }) => ({ PartitionKey: key, Data: data }));
    const { Records: results = [] } = await client.send(new PutRecordsCommand({ StreamName: STREAM, Records }));
    client.destroy();
    return results.map(({ SequenceNumber = "" }) => SequenceNumber);
  }

  /** Starts the event source mapping. */
  start(): void {
    this.running.startWorkers();
  }

  /** Waits until the mapping has processed everything that was put. */
  async untilDone(): Promise<void> {
    const since = performance.now();
    await eventually(() => {
      const left = this.running.pending(since);
      if (left > 0) throw new Error(`${left} records are pending`);
    });
  }

  /** Adds the statement to the role that it was deployed without. */
  async allow(sid: string): Promise<void> {
    const { role, policy } = this.inputs(ROLE_POLICY) as { role: string; policy: { Statement: Statement[] } };
    const Statement = policy.Statement.filter(({ Sid }) => Sid === sid);
    await this.running.cloud.create(ROLE_POLICY, { name: sid, role, policy: { Statement } }, "urn:pulumi:dev::test::more::more");
  }

  /** Kills the function's processes, as a failing machine does; returns their number. */
  kill(): number {
    return this.processes
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .filter((child) => child.kill("SIGKILL")).length;
  }

  /** The log of the function and its runtime. */
  async text(): Promise<string> {
    const { cloud, owner } = this.running;
    const { output } = await cloud.call(owner, "logs", "FilterLogEvents", { logGroupName: this.logGroup });
    return (output?.events as { message: string }[]).map(({ message }) => message).join("\n");
  }

  /** The lines that the function logged. */
  async lines(): Promise<Json[]> {
    const lines = (await this.text()).split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as Json);
  }

  /** The metrics of the last batch. */
  async metrics(): Promise<Json> {
    return (await this.lines()).findLast((line) => "_aws" in line) ?? {};
  }

  private readonly onProcess = (message: unknown): void => {
    this.processes.push((message as { process: ChildProcess }).process);
  };

  private inputs(type: string): Json {
    return this.resources.find((resource) => resource.type === type)?.inputs ?? {};
  }
}

/** What Personalize says of an item `refused…`, for a reason that the forwarder does not know. */
export const REFUSAL = "The item is not allowed";
const rejects: PersonalizeOptions["rejects"] = ({ itemId }) => (String(itemId).startsWith("refused") ? REFUSAL : undefined);

const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

function withoutStatement(inputs: Json, sid: string | undefined): Json {
  const policy = inputs.policy as { Statement: Statement[] };
  return { ...inputs, policy: { ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== sid) } };
}
