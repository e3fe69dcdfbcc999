import { queryReply } from "./queryReply";
import type { Cloud, Principal, Service } from "./service";

const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

/** GetCallerIdentity, the first call of many clients: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function sts({ account }: Cloud): Service {
  return {
    signingName: "sts",
    protocol: "query",
    resources: {},
    operations: {
      GetCallerIdentity: {
        permissions: () => [],
        run: async (_, { principal, requestId }) => {
          const identity = { Arn: callerArn(principal), UserId: principal.credentials.accessKeyId, Account: account };
          return queryReply(NAMESPACE, "GetCallerIdentity", requestId, identity);
        },
      },
    },
  };
}

/** A role calls through a session, which the local cloud names after its access key. */
function callerArn({ arn, credentials }: Principal): string {
  return arn.replace(/^(arn:[^:]+):iam:(.*):role\/(.+)$/, `$1:sts:$2:assumed-role/$3/${credentials.accessKeyId}`);
}
