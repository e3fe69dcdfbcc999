import type { Identities } from ".";
import type { RequiredPermission, Principal } from "../service";
import { ServiceError } from "../service";
import type { AppendLog } from "../store";
import { evaluate } from "./evaluate";

/** Error codes of services that have their own. */
const CODES: Record<string, string> = { s3: "AccessDenied", iam: "AccessDenied", sns: "AuthorizationError" };

/**
 * Returns the function that authorizes every call, over HTTP or from another service.
 * Each decision is logged before the call continues.
 *
 * @param decisions log of {at, principal, action, resource, decision, reason}
 */
export function authorizer(identities: Identities, region: string, decisions: AppendLog) {
  /** @throws ServiceError, by default AccessDeniedException (403), that names principal, action and resource */
  return async (principal: Principal, need: RequiredPermission): Promise<void> => {
    const identity = identities.identity(principal);
    const { decision, reason } = evaluate(identity, need, {
      // On AWS every client connects with TLS; here the loopback connection counts as such.
      "aws:SecureTransport": "true",
      "aws:PrincipalArn": principal.arn,
      "aws:PrincipalAccount": identity.account,
      "aws:RequestedRegion": region,
    });
    const { action, resource } = need;
    await decisions.append({ at: Date.now(), principal: principal.arn, action, resource, decision, reason });
    if (decision === "allow") return;
    // iam:PassRole is asked by the service that the role is passed to, and is refused in that service's words.
    const code = (action === "iam:PassRole" ? undefined : CODES[action.split(":")[0]]) ?? "AccessDeniedException";
    throw new ServiceError(code, `${principal.arn} is not authorized to perform ${action} on ${resource}: ${reason}`, 403);
  };
}
