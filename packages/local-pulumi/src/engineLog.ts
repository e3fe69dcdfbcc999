import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import * as engine from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { unary } from "./monitor";
import type { Problems } from "./problems";
import { readProblem } from "./problems";
import type { Resources } from "./resources";

/** Takes what the program says; errors are not told here, they make the run fail. */
export type OnLog = (severity: "debug" | "info" | "warning", message: string) => void;

/** What the SDK says of calls that fail with the first problem and after it. */
const AFTERMATH = /Resource monitor is terminating|\b14 UNAVAILABLE\b/;

/**
 * The service that a program logs to and asks for its stack resource.
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
