import type { UntypedServiceImplementation, handleUnaryCall } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import * as resource from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { FunctionError } from "./provider";
import type { Json } from "./wire";
import type { Problems } from "./problems";
import type { Registration, Resources } from "./resources";

const FEATURES: readonly string[] = ["secrets", "resourceReferences", "deletedWith", "aliasSpecs"];

/**
 * The service through which a program registers its resources.
 *
 * Features it lacks (transforms, hooks, parameterization, remote components, reads, imports) are refused:
 * those that the SDK asks about by the SDK, the others here. A service's own error is a function's answer: the program may catch it.
 */
export function monitorService(resources: Resources, problems: Problems): UntypedServiceImplementation {
  return {
    supportsFeature: unary((request: resource.SupportsFeatureRequest) => {
      const response = new resource.SupportsFeatureResponse();
      response.setHassupport(FEATURES.includes(request.getId()));
      return response;
    }),
    registerResource: guarded(problems, async (request: resource.RegisterResourceRequest) => {
      const { urn, id, state } = await resources.register(readRegistration(resources, request));
      const response = new resource.RegisterResourceResponse();
      response.setUrn(urn);
      response.setId(id);
      response.setObject(toStruct(state));
      return response;
    }),
    registerResourceOutputs: unary((request: resource.RegisterResourceOutputsRequest) => {
      resources.registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
      return new Empty();
    }),
    invoke: guarded(
      problems,
      async (request: resource.ResourceInvokeRequest) => {
        const response = new InvokeResponse();
        response.setReturn(toStruct(await resources.invoke(request.getTok(), fromStruct(request.getArgs()))));
        return response;
      },
      isAnswer,
    ),
    readResource: guarded(problems, (request: resource.ReadResourceRequest) => {
      const urn = resources.urn(request.getParent(), request.getType(), request.getName());
      throw new Error(
        request.getType() === "pulumi:pulumi:StackReference"
          ? `${urn}: a StackReference cannot be read here, the engine knows this stack alone`
          : `${urn}: reading a resource that exists (id ${request.getId()}) is not supported by the engine`,
      );
    }),
    signalAndWaitForShutdown: unary(() => new Empty()),
  };
}

function readRegistration(resources: Resources, request: resource.RegisterResourceRequest): Registration {
  const [parent, type, name] = [request.getParent(), request.getType(), request.getName()];
  const refuse = (what: string): never => {
    throw new Error(`${resources.urn(parent, type, name)}: ${what} is not supported by the engine`);
  };
  if (request.getRemote()) refuse("a remote component");
  if (request.getImportid() !== "") refuse(`the option import (id ${request.getImportid()})`);
  return {
    ...{ parent, type, name },
    custom: request.getCustom(),
    dependencies: request.getDependenciesList(),
    propertyDependencies: Object.fromEntries(
      request
        .getPropertydependenciesMap()
        .toArray()
        .map(([property]) => [property, request.getPropertydependenciesMap().get(property)?.getUrnsList() ?? []]),
    ),
    provider: request.getProvider(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    inputs: fromStruct(request.getObject()),
    secretOutputs: request.getAdditionalsecretoutputsList(),
  };
}

/** A method that answers at once and cannot fail. */
export function unary<Request, Response>(answer: (request: Request) => Response): handleUnaryCall<Request, Response> {
  return (call, callback) => callback(null, answer(call.request));
}

/**
 * A method whose failure is a problem of the run, unless it is forgivable. The code UNAVAILABLE makes the program stop without
 * an error of its own, and is the answer to everything after the first problem.
 */
function guarded<Request, Response>(
  problems: Problems,
  answer: (request: Request) => Response | Promise<Response>,
  forgivable: (error: unknown) => boolean = () => false,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const fail = (message: string): void => callback({ code: status.UNAVAILABLE, details: message });
    if (problems.any) return fail("the run has failed");
    Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => callback(null, response),
        (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          if (forgivable(error)) return callback({ code: status.UNKNOWN, details: message });
          problems.add({ message });
          fail(message);
        },
      );
  };
}

function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof FunctionError;
}

function toStruct(values: Json): Struct {
  return Struct.fromJavaScript(values as Record<string, JavaScriptValue>);
}

function fromStruct(struct: Struct | undefined): Json {
  return struct?.toJavaScript() ?? {};
}
