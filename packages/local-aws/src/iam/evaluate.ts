import type { RequiredPermission, Policy, Statement } from "../service";
import type { Context } from "./conditions";
import { conditionsHold, matches } from "./conditions";
import { list, statements } from "./policy";

/** What IAM decided, and by which kind of policy. */
export interface Decision {
  decision: "allow" | "deny";
  reason: "identity policy" | "resource policy" | "account owner" | "explicit deny" | "no policy allows it";
}

/** A caller, as policies see it. */
export interface Identity {
  arn: string;
  account: string;
  /** The account's owner needs no policy, but denials apply. */
  owner: boolean;
  policies: Policy[];
  /** The service's principal, for example `personalize.amazonaws.com`, when a service calls as itself. */
  service?: string;
  /** Condition keys of the caller's requests. */
  context?: Context;
}

/**
 * Evaluates one permission as IAM does within an account: an explicit deny wins over any allow.
 *
 * @param global condition keys that every request carries
 */
export function evaluate(identity: Identity, need: RequiredPermission, global: Context): Decision {
  const context = { ...global, ...identity.context, ...need.context };
  const applies = (statement: Statement): boolean =>
    list(statement.Action).some((action) => matches(action.toLowerCase(), need.action.toLowerCase())) &&
    (statement.Resource === undefined || list(statement.Resource).some((resource) => matches(resource, need.resource))) &&
    conditionsHold(statement.Condition, context);
  const own = identity.policies.flatMap(statements).filter(applies);
  const resource = need.resourcePolicy ? statements(need.resourcePolicy).filter((s) => names(s, identity) && applies(s)) : [];

  if ([...own, ...resource].some(({ Effect }) => Effect === "Deny")) return { decision: "deny", reason: "explicit deny" };
  if (identity.owner) return { decision: "allow", reason: "account owner" };
  if (own.length > 0) return { decision: "allow", reason: "identity policy" };
  if (resource.length > 0) return { decision: "allow", reason: "resource policy" };
  return { decision: "deny", reason: "no policy allows it" };
}

/** Whether a trust policy lets a service assume a role. */
export function trusts(trust: Policy, servicePrincipal: string, context: Context): boolean {
  const applies = statements(trust).filter(
    ({ Principal, Action, Condition }) =>
      Principal !== undefined &&
      Principal !== "*" &&
      list(Principal.Service).includes(servicePrincipal) &&
      list(Action).includes("sts:AssumeRole") &&
      conditionsHold(Condition, context),
  );
  return applies.length > 0 && applies.every(({ Effect }) => Effect === "Allow");
}

function names({ Principal }: Statement, { arn, account, owner, service }: Identity): boolean {
  if (Principal === "*") return true;
  if (service !== undefined) return list(Principal?.Service).includes(service);
  return list(Principal?.AWS).some((named) => named === "*" || named === arn || (owner && (named === account || named === arn)));
}
