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
  s3,
  type Statement,
} from "@c360/local-aws";
import { createStream, eventually, JumpingClock, makeRecommender, protocols, type TestCloud, withCloud } from "@c360/local-aws/testing";
import { makeForwarder } from "./forwarder";
import { deploy, type Registered } from "./pulumiMocks";
import type { Invocation } from "./serialize";

/** Waits of the cloud are so much shorter. */
const SCALE = 100;
export const STREAM = "events";
export const UPSTREAM = "upstream";
export const SHARD = "shardId-000000000000";

/** What a test deploys otherwise than most. */
export interface ForwarderOptions extends Partial<Pick<EventForwarderArgs, "batchSize" | "timeoutSeconds" | "callsPerSecond">> {
  /** Statement of the role's policy that is left out, by its Sid. */
  without?: string;
}

/** The forwarder as the component deploys it, in a local cloud with its stream, its tracker and its dead-letter store. */
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

  static async open({ without, ...changes }: ForwarderOptions = {}): Promise<DeployedForwarder> {
    const clock = new JumpingClock(SCALE);
    const services = [kinesis, s3, logs, cloudControl, makePersonalize({ latencyMs: 0, creationMs: 0 }), makeLambda({ pollMs: 210 })];
    const running = await withCloud(services, { clock });
    try {
      await createStream(running, STREAM);
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

  /** Makes PutEvents calls fail; `when` sees sender and events. */
  failPutEvents(kind: Fault["kind"], more: Partial<Fault> = {}): ActiveFault {
    return this.running.faults.add({ service: "personalize", operation: "POST /events", kind, ...more });
  }

  /** Makes writes to the dead-letter store fail, Lambda's failure destination not among them. */
  failDeadLetters(kind: Fault["kind"], more: Partial<Fault> = {}): ActiveFault {
    const when = ({ Key }: Json): boolean => String(Key).includes("/dead_letter/");
    return this.running.faults.add({ service: "s3", operation: "PUT /{Bucket}/{Key+}", kind, when, ...more });
  }

  /** Makes reads of the stream fail. */
  failReading(kind: Fault["kind"], more: Partial<Fault> = {}): ActiveFault {
    return this.running.faults.add({ service: "kinesis", operation: "GetRecords", kind, ...more });
  }

  /** Invokes the function with a batch of its own making. */
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

  /** Lets the event source mapping work. */
  start(): void {
    this.running.startWorkers();
  }

  /** Resolves when the mapping is done with everything that was put. */
  async untilDone(): Promise<void> {
    const since = performance.now();
    await eventually(() => {
      const left = this.running.pending(since);
      if (left > 0) throw new Error(`${left} records are pending`);
    });
  }

  /** Gives the role the statement that it was deployed without. */
  async allow(sid: string): Promise<void> {
    const { role, policy } = this.inputs(ROLE_POLICY) as { role: string; policy: { Statement: Statement[] } };
    const Statement = policy.Statement.filter(({ Sid }) => Sid === sid);
    await this.running.cloud.create(ROLE_POLICY, { name: sid, role, policy: { Statement } }, "urn:pulumi:dev::test::more::more");
  }

  /** Kills the function's processes, as when the machine below it fails; returns how many there were. */
  kill(): number {
    return this.processes
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .filter((child) => child.kill("SIGKILL")).length;
  }

  /** Everything that the function and its runtime logged. */
  async text(): Promise<string> {
    const { cloud, owner } = this.running;
    const { output } = await cloud.call(owner, "logs", "FilterLogEvents", { logGroupName: this.logGroup });
    return (output?.events as { message: string }[]).map(({ message }) => message).join("\n");
  }

  /** What the function logged, one object a line. */
  async lines(): Promise<Json[]> {
    const lines = (await this.text()).split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as Json);
  }

  /** The last batch's metrics. */
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

const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

function withoutStatement(inputs: Json, sid: string | undefined): Json {
  const policy = inputs.policy as { Statement: Statement[] };
  return { ...inputs, policy: { ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== sid) } };
}
