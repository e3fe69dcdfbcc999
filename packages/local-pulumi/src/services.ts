import type { UntypedServiceImplementation, handleUnaryCall } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import * as resource from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { type Problems, readProblem } from "./problems";
import { FunctionError, type Registration, type Resources } from "./resources";
import type { Json } from "./wire";

const FEATURES: readonly string[] = ["secrets", "resourceReferences", "deletedWith", "aliasSpecs"];

/**
 * The service with which a program registers its resources.
 *
 * It refuses the features that it lacks (transforms, hooks, parameterization, remote components, reads, imports), unless the SDK already
 * does, after it has asked for them. A provider's FunctionError is a function's answer, which the program may catch.
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
      isFunctionError,
    ),
    readResource: guarded(problems, (request: resource.ReadResourceRequest) => {
      const urn = resources.urn(request.getParent(), request.getType(), request.getName());
      throw new Error(
        request.getType() === "pulumi:pulumi:StackReference"
          ? `${urn}: a StackReference is not supported: the engine knows only this stack`
          : `${urn}: reading an existing resource (id ${request.getId()}) is not supported by the engine`,
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
function unary<Request, Response>(answer: (request: Request) => Response): handleUnaryCall<Request, Response> {
  return (call, callback) => callback(null, answer(call.request));
}

/**
 * A method whose failure is a problem of the run, unless it is an answer. The code UNAVAILABLE stops the program without an error of its
 * own. It answers every call after the first problem.
 */
function guarded<Request, Response>(
  problems: Problems,
  answer: (request: Request) => Response | Promise<Response>,
  isAnswer: (error: unknown) => boolean = () => false,
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
          if (isAnswer(error)) return callback({ code: status.UNKNOWN, details: message });
          problems.add({ message });
          fail(message);
        },
      );
  };
}

function isFunctionError(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof FunctionError;
}

function toStruct(values: Json): Struct {
  return Struct.fromJavaScript(values as Record<string, JavaScriptValue>);
}

function fromStruct(struct: Struct | undefined): Json {
  return struct?.toJavaScript() ?? {};
}

/** Receives what the program prints and logs. Errors do not arrive here: they make the run fail. */
export type OnLog = (severity: "debug" | "info" | "warning", message: string) => void;

/** What the SDK logs about calls that fail with the first problem and after it. */
const AFTERMATH = /Resource monitor is terminating|\b14 UNAVAILABLE\b/;

/**
 * The service to which a program logs, and which knows its stack resource.
 *
 * @param programDir absolute path of the program
 */
export function engineService(resources: Resources, problems: Problems, programDir: string, onLog: OnLog): UntypedServiceImplementation {
  return {
    log: unary((request: engine.LogRequest) => {
      const message = request.getMessage();
      if (request.getSeverity() === engine.LogSeverity.ERROR) {
        if (!problems.any || !AFTERMATH.test(message)) problems.add(readProblem(message, programDir));
      } else {
        onLog(severityOf(request.getSeverity()), message);
      }
      return new Empty();
    }),
    getRootResource: unary(() => {
      const response = new engine.GetRootResourceResponse();
      response.setUrn(resources.root);
      return response;
    }),
    setRootResource: unary(() => new engine.SetRootResourceResponse()),
  };
}

function severityOf(severity: engine.LogSeverity): "debug" | "info" | "warning" {
  if (severity === engine.LogSeverity.DEBUG) return "debug";
  return severity === engine.LogSeverity.WARNING ? "warning" : "info";
}
