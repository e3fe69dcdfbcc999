import type { Json, Operation, ResourceType, Service } from "./service";
import { ServiceError } from "./service";

/** What all services of a cloud offer together: resource types, operations and functions by name. */
export class Registry {
  readonly services = new Map<string, Service>();

  add(service: Service): void {
    if (this.services.has(service.signingName)) throw new Error(`two services are called ${service.signingName}`);
    this.services.set(service.signingName, service);
  }

  /**
   * @param name SigV4 signing name, for example `kinesis`
   * @throws ServiceError UnknownService
   */
  service(name: string): Service {
    const service = this.services.get(name);
    if (!service) throw new ServiceError("UnknownService", `the local cloud has no service ${name}`, 501);
    return service;
  }

  /** @throws ServiceError UnknownOperationException */
  operation(service: string, name: string): Operation {
    const operation = this.service(service).operations[name];
    if (!operation) throw new ServiceError("UnknownOperationException", `the local ${service} has no operation ${name}`, 501);
    return operation;
  }

  /**
   * Refuses what no service supports.
   *
   * @param type Pulumi type token or Cloud Control type name
   * @param inputs known inputs; unknown values are left out
   * @throws Error naming the type or the input
   */
  check(type: string, inputs: Json): void {
    const resource = this.resource(type);
    const unknown = Object.keys(inputs).find((key) => !resource.inputs.includes(key));
    if (unknown !== undefined) throw new Error(`${type}: the local cloud does not know the input ${unknown}`);
    resource.check?.(inputs);
  }

  /** Checks, then creates. */
  async create(type: string, inputs: Json, urn: string): Promise<{ id: string; state: Json }> {
    this.check(type, inputs);
    return this.resource(type).create(inputs, urn);
  }

  /**
   * Answers a Pulumi function call.
   *
   * @throws Error naming the function
   */
  invoke(token: string, inputs: Json): Json {
    for (const { invokes } of this.services.values()) if (invokes?.[token]) return invokes[token](inputs);
    throw new Error(`the local cloud does not know the function ${token}`);
  }

  private resource(type: string): ResourceType {
    for (const { resources } of this.services.values()) if (Object.hasOwn(resources, type)) return resources[type];
    throw new Error(`the local cloud does not know the resource type ${type}`);
  }
}
