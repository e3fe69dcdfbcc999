import type { z } from "zod";
import { type Definition, type Dialect, operations } from "./operation";
import type { Json, Operation, Reply } from "./service";

/**
 * An answer in the [query protocol](https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
 *
 * @param namespace of the service's XML
 * @param result members of the answer. @default the operation answers nothing
 */
export function queryReply(namespace: string, operation: string, requestId: string, result?: Json): Reply {
  const response = {
    "@xmlns": namespace,
    ...(result && { [`${operation}Result`]: result }),
    ResponseMetadata: { RequestId: requestId },
  };
  return { output: { [`${operation}Response`]: response } };
}

/**
 * An operation whose answer is in the query protocol.
 *
 * @param service its dialect and the namespace of its XML
 */
export function queryOperation<Members extends z.ZodRawShape>(
  service: Dialect & { namespace: string },
  name: string,
  definition: Definition<Members>,
): Record<string, Operation> {
  const built = operations(service, { [name]: definition })[name];
  const run: Operation["run"] = async (request, call) => {
    const result = await definition.run(request as z.output<z.ZodObject<Members>>, call);
    return queryReply(service.namespace, name, call.requestId, result ?? undefined);
  };
  return { [name]: { ...built, run } };
}
