import type { Json, Reply } from "./service";

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
