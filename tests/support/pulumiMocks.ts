import * as pulumi from "@pulumi/pulumi";
import { UNKNOWN } from "@c360/local-pulumi";
import { bucketName, type Zone, ZONES } from "../../components/shared/naming";
import { type TenantContext, tenantContext } from "../../components/shared/tenantContext";

export { UNKNOWN };

/** A tenant in the stage `dev`, with the names that it has by default. */
export const CONTEXT: TenantContext = tenantContext({
  ...{ tenant: "acme", stage: "dev", partition: "aws", region: "ap-southeast-1", account: "123456789012" },
  buckets: Object.fromEntries(ZONES.map((zone) => [zone, bucketName({ tenant: "acme", stage: "dev" }, zone)])) as Record<Zone, string>,
  logRetentionDays: 14,
});
/** The same with short bucket names and the keys of a personal stage. */
export const PERSONAL_CONTEXT: TenantContext = {
  ...CONTEXT,
  keyPrefix: "alice/",
  buckets: { upstream: "up", lake: "lake", downstream: "down", infra: "infra", cache: "cache" },
};

type Inputs = Record<string, unknown>;

/** A resource as the program registered it; an input that is not known yet is UNKNOWN. */
export interface Registered {
  type: string;
  name: string;
  urn: string;
  custom: boolean;
  /** Type and name of the parent. */
  parent: string;
  /** Types and names of parents that it may have had before. */
  formerParents: string[];
  /** Names of everything it waits for. */
  dependencies: string[];
  inputs: Inputs;
  protect: boolean;
  retainOnDelete: boolean;
  deleteBeforeReplace: boolean;
  replaceOnChanges: string[];
}

export interface Deployment {
  resources: Registered[];
  /** Outputs of the stack. */
  outputs: Inputs;
  /** Information that the program printed. */
  printed: string[];
  /** The one resource of a type and name. @throws Error when there is none, or more than one */
  get: (type: string, name: string) => Registered;
  /** Names of all resources of a type, in alphabetical order. */
  names: (type: string) => string[];
}

export interface DeployOptions {
  stack?: string;
  /** By full key, structured values as objects. */
  config?: Record<string, unknown>;
  /** Whether nothing exists yet: ids and computed outputs stay unknown. */
  preview?: boolean;
  /** Name of a resource that cannot be made. */
  fails?: string;
}

/**
 * Runs a program against mocks, until every registration is answered.
 *
 * @throws Error of the program, or of the first resource that could not be made
 */
export async function deploy(program: () => unknown, options: DeployOptions = {}): Promise<Deployment> {
  const { stack = "dev", config = {}, preview = false, fails } = options;
  const texts = Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  pulumi.runtime.setAllConfig(Object.fromEntries(texts) as Record<string, string>);
  const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
    if (name === fails) throw new Error(`${name} cannot be made`);
    return preview ? { id: undefined, state: inputs as Inputs } : made(type, name, inputs as Inputs);
  };
  await pulumi.runtime.setMocks({ newResource, call: ({ token }) => called(token) }, "c360-recommender", stack, preview, "organization");
  const recorder = record();
  const printed: string[] = [];
  const log = console.log;
  console.log = (line: string) => void printed.push(line);
  const { stackTraceLimit } = Error;
  // Pulumi takes a stack for every promise, and mapping its frames to TypeScript takes four times as long as all the rest.
  Error.stackTraceLimit = 1;
  const finished = pulumi.runtime.runInPulumiStack(async () => program()).then(() => pulumi.runtime.disconnect());
  try {
    await Promise.race([finished, recorder.failed]);
  } catch (error) {
    // Whatever waits for the resource that failed waits for ever.
    finished.catch(() => {});
    pulumi.runtime.resetOptions("", "", -1, "", "", false, "");
    throw error;
  } finally {
    console.log = log;
    Error.stackTraceLimit = stackTraceLimit;
  }
  return deployment(recorder.resources, recorder.outputs, printed);
}

function deployment(resources: Registered[], outputs: Inputs, printed: string[]): Deployment {
  const get = (type: string, name: string) => {
    const found = resources.filter((resource) => resource.type === type && resource.name === name);
    if (found.length !== 1) throw new Error(`expected one ${type} "${name}", found ${found.length} among ${resources.length} resources`);
    return found[0];
  };
  const names = (type: string) =>
    resources
      .filter((resource) => resource.type === type)
      .map(({ name }) => name)
      .sort();
  return { resources, outputs, printed, get, names };
}

/** The part of the registration requests that mocks do not pass on. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getAliasesList(): { getSpec(): { getParenturn(): string } }[];
  getCustom(): boolean;
  getObject(): { toJavaScript(): Inputs };
  getDependenciesList(): string[];
  getProtect(): boolean | undefined;
  getRetainondelete(): boolean | undefined;
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
}
type Answer = (error: Error | null | undefined, response: { getUrn(): string } | undefined) => void;
interface Monitor {
  registerResource(request: Request, answer: Answer): Promise<void>;
  registerResourceOutputs(request: { getUrn(): string; getOutputs(): { toJavaScript(): Inputs } }, answer: unknown): void;
}

function record() {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  failed.catch(() => {});
  const found = { resources: [] as Registered[], outputs: {} as Inputs, failed };
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  const nameOf = (urn: string) => urn.split("::").slice(3).join("::");
  const typeAndName = (urn: string) => `${urn.split("::")[2].split("$").slice(-1)[0]} ${nameOf(urn)}`;
  monitor.registerResource = (request, answer) =>
    register(request, (error, response) => {
      if (error) fail(error);
      const parent = request.getParent();
      found.resources.push({
        type: request.getType(),
        name: request.getName(),
        urn: response?.getUrn() ?? "",
        custom: request.getCustom(),
        parent: parent && typeAndName(parent),
        formerParents: request.getAliasesList().map((alias) => typeAndName(alias.getSpec().getParenturn())),
        dependencies: request.getDependenciesList().map(nameOf).sort(),
        inputs: request.getObject().toJavaScript(),
        protect: request.getProtect() ?? false,
        retainOnDelete: request.getRetainondelete() ?? false,
        deleteBeforeReplace: request.getDeletebeforereplace(),
        replaceOnChanges: request.getReplaceonchangesList(),
      });
      answer(error, response);
    });
  monitor.registerResourceOutputs = (request, answer) => {
    if (request.getUrn().includes("::pulumi:pulumi:Stack::")) found.outputs = request.getOutputs().toJavaScript();
    registerOutputs(request, answer);
  };
  return found;
}

function called(token: string): Inputs {
  const { account, region, partition } = CONTEXT;
  const results: Record<string, Inputs> = {
    "aws:index/getCallerIdentity:getCallerIdentity": { accountId: account },
    "aws:index/getRegion:getRegion": { region },
    "aws:index/getPartition:getPartition": { partition },
    "aws:s3/getBucket:getBucket": {},
    "pulumi:pulumi:readStackOutputs": {},
  };
  if (!results[token]) throw new Error(`no mock of ${token}`);
  return results[token];
}

const REGIONAL = `${CONTEXT.region}:${CONTEXT.account}`;
const ARNS: Record<string, (inputs: Inputs) => string> = {
  "aws:s3/bucket:Bucket": ({ bucket }) => `arn:aws:s3:::${String(bucket)}`,
  "aws:iam/role:Role": ({ name }) => `arn:aws:iam::${CONTEXT.account}:role/${String(name)}`,
  "aws:iam/policy:Policy": ({ name }) => `arn:aws:iam::${CONTEXT.account}:policy/${String(name)}`,
  "aws:kinesis/stream:Stream": ({ name }) => `arn:aws:kinesis:${REGIONAL}:stream/${String(name)}`,
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ({ name }) => `arn:aws:firehose:${REGIONAL}:deliverystream/${String(name)}`,
  "aws:sfn/stateMachine:StateMachine": ({ name }) => `arn:aws:states:${REGIONAL}:stateMachine:${String(name)}`,
  "aws:sns/topic:Topic": ({ name }) => `arn:aws:sns:${REGIONAL}:${String(name)}`,
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => `arn:aws:logs:${REGIONAL}:log-group:${String(name)}`,
  "aws:lambda/function:Function": ({ name }) => `arn:aws:lambda:${REGIONAL}:function:${String(name)}`,
};

function made(type: string, name: string, inputs: Inputs): { id: string; state: Inputs } {
  if (type === "aws:cloudcontrol/resource:Resource") {
    const properties = JSON.stringify({ TrackingId: `tracking-id-of-${name}` });
    return { id: `arn:aws:personalize:${REGIONAL}:${name}`, state: { ...inputs, properties } };
  }
  const arn = ARNS[type]?.(inputs);
  return { id: `${name}-id`, state: arn === undefined ? inputs : { ...inputs, arn } };
}
