import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { realClock } from "./clock";
import { Faults } from "./http/faults";
import { handle } from "./http/server";
import { listen } from "./http/listen";
import { Identities, iam } from "./iam";
import { authorizer } from "./iam/authorize";
import { Registry } from "./registry";
import { allServices } from "./services";
import type { Clock, Cloud, Json, Principal, Reply, Service, ServiceFactory, Worker } from "./service";
import { AppendLog, openStore } from "./store";

/** Settings of a cloud. */
export interface CloudOptions {
  /** Its services; IAM is always there. @default all of them, with their defaults */
  factories?: ServiceFactory[];
  /** Absolute path of the folder that holds all state. */
  stateDir: string;
  /** @default "ap-southeast-1" */
  region?: string;
  /** Twelve digits. @default "123456789012" */
  account?: string;
  /** Factor by which waits are shorter than on AWS. @default 1 */
  scale?: number;
  /** Preferred loopback port; another is taken when it is busy. @default 0 (any) */
  port?: number;
  /** @default the machine's clock at `scale` */
  clock?: Clock;
  /** Receives unexpected errors. @default prints them */
  onFault?: (error: unknown) => void;
}

/** A cloud without its HTTP server: enough to check a program against it. */
export interface ClosedCloud {
  cloud: Cloud;
  registry: Registry;
  /** May do everything that resource policies do not deny. */
  owner: Principal;
  /** Creates a user with the given managed policies only. */
  user(name: string, policyArns: string[]): Principal;
}

/** A cloud that answers on its endpoint. */
export interface RunningCloud extends ClosedCloud {
  services: Map<string, Service>;
  /** Makes calls fail, to test how callers handle it. */
  faults: Faults;
  /** Starts the pollers of the deployed resources. */
  startWorkers(): void;
  /** Records that workers have not finished with: at least all of those put before `since` (`performance.now()`). */
  pending(since?: number): number;
  /** Stops the workers in reverse, then the HTTP server. */
  stop(): Promise<void>;
}

interface Parts extends ClosedCloud {
  perform: Parameters<typeof handle>[0]["perform"];
  faults: Faults;
  find: (accessKeyId: string) => Principal | undefined;
  open: (endpoint: string) => void;
}

/** Puts the services together without listening. */
export function buildCloud(options: CloudOptions): ClosedCloud {
  return assemble(options);
}

/** Puts the services together and listens. */
export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  const { perform, faults, find, open, ...closed } = assemble(options);
  const { cloud, registry } = closed;
  const services = registry.services;
  const fault = options.onFault ?? ((error: unknown) => console.error(error));
  const backend = { registry, cloud, find, perform, fault };
  const listener = await listen(options.port ?? 0, (request, response) => void handle(backend, request, response));
  open(`http://127.0.0.1:${listener.port}`);

  const workers = (): Worker[] => [...services.values()].flatMap((service) => service.workers ?? []);
  let started: Worker[] = [];
  return {
    ...closed,
    services,
    faults,
    startWorkers: () => {
      started = workers();
      for (const worker of started) worker.start();
    },
    pending: (since) => workers().reduce((sum, worker) => sum + worker.pending(since), 0),
    stop: async () => {
      faults.clear();
      for (const worker of started.reverse()) await worker.stop();
      for (const service of [...services.values()].reverse()) await service.close?.();
      await listener.close();
    },
  };
}

function assemble(options: CloudOptions): Parts {
  const { region = "ap-southeast-1", account = "123456789012", scale = 1, stateDir, factories = allServices() } = options;
  const registry = new Registry();
  const faults = new Faults(registry);
  const identities = new Identities({ account, region });
  const authorize = authorizer(identities, region, new AppendLog(join(stateDir, "decisions.ndjson")));
  const never = new AbortController().signal;
  let endpoint = "";

  const perform: Parts["perform"] = async (principal, service, operation, input, call) => {
    const { parse, permissions, run } = registry.operation(service, operation);
    const request = parse ? parse(input) : input;
    for (const need of permissions(request)) await authorize(principal, need);
    return faults.apply(service, operation, input, call.signal, () => run(request, { principal, ...call }));
  };
  const cloud: Cloud = {
    region,
    account,
    get endpoint() {
      return endpoint;
    },
    clock: options.clock ?? realClock(scale),
    store: (service) => openStore(join(stateDir, service)),
    assume: (roleArn, servicePrincipal, context) => identities.assume(roleArn, servicePrincipal, context),
    serve: (servicePrincipal, context) => identities.service(servicePrincipal, context),
    call: (as: Principal, service: string, operation: string, input: Json, body?: Readable): Promise<Reply> =>
      perform(as, service, operation, input, { requestId: randomUUID(), body, signal: never }),
    check: (type, inputs) => registry.check(type, inputs),
    create: (type, inputs, urn) => registry.create(type, inputs, urn),
  };
  registry.add(iam(identities, cloud));
  for (const factory of factories) registry.add(factory(cloud));
  return {
    cloud,
    registry,
    owner: identities.owner(),
    user: (name, policyArns) => identities.user(name, policyArns),
    find: (accessKeyId) => identities.find(accessKeyId),
    perform,
    faults,
    open: (url) => void (endpoint = url),
  };
}
