import { type Context, evaluate, type Identity, list, matches, parsePolicy, type Policy, statements } from "@c360/local-aws";
import type { StackResource, StackResources } from "./stackResources";
import type { Target } from "./targets";

/** Someone who has policies of the program: a role, or whoever gets the producers' managed policy. */
export interface Principal {
  tenant: string;
  stage: string;
  /** Part of its name, such as `delivery`; `producer` for the managed policy. */
  role: string;
  policies: Policy[];
  /** Roles only. */
  trust?: Policy;
}

const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const MANAGED = "aws:iam/policy:Policy";
const ACCOUNT = "123456789012";
const REQUEST: Context = {
  "aws:SecureTransport": "true",
  "aws:PrincipalAccount": ACCOUNT,
  "aws:RequestedRegion": "ap-southeast-1",
};

/** Every role and managed policy of a deployed stack. */
export function principalsOf({ stack: stage, resources }: StackResources): Principal[] {
  const policyOf = ({ name, inputs }: StackResource) => parsePolicy(inputs.policy, name);
  return resources.flatMap((resource): Principal[] => {
    const { type, name, inputs } = resource;
    const role = String(inputs.name);
    const who = { tenant: tenantOf(name), stage, role: role.replace(/^.*-c360-recommender-(\w+)-.*$/, "$1") };
    if (type === MANAGED) return [{ ...who, policies: [policyOf(resource)] }];
    if (type !== ROLE) return [];
    const inline = resources.filter((other) => other.type === ROLE_POLICY && other.inputs.role === role);
    return [{ ...who, policies: inline.map(policyOf), trust: parsePolicy(inputs.assumeRolePolicy, name) }];
  });
}

/** The tenant that a resource of the program is for, from its name. */
export function tenantOf(name: string): string {
  return name.slice(0, name.indexOf("-"));
}

/** Every action that a policy of the program names, trust and bucket policies included. */
export function actionsOf(policies: Policy[]): string[] {
  return [...new Set(policies.flatMap(statements).flatMap(({ Action }) => list(Action)))].sort();
}

/** What a principal may do to targets; a prefix is part of no other request than a listing. */
export function reach(principal: Principal, actions: string[], targets: Target[]): { action: string; target: Target }[] {
  const own = grantsOf(principal.policies, actions);
  const ofTargets = new Map<Policy, Grant[]>();
  return targets.flatMap((target) => {
    const { resourcePolicy } = target;
    if (resourcePolicy && !ofTargets.has(resourcePolicy)) ofTargets.set(resourcePolicy, grantsOf([resourcePolicy], actions));
    const grants = [...own, ...((resourcePolicy && ofTargets.get(resourcePolicy)) ?? [])];
    // Nothing else can be allowed: this spares most of a million evaluations.
    const named = new Set(
      grants.filter(({ resources }) => resources.some((one) => matches(one, target.arn))).flatMap((one) => one.actions),
    );
    return actions
      .filter((action) => named.has(action) && (!("s3:prefix" in target.context) || action === "s3:ListBucket"))
      .filter((action) => may(principal, action, target))
      .map((action) => ({ action, target }));
  });
}

/** What a statement may allow. */
interface Grant {
  actions: string[];
  resources: string[];
}

function grantsOf(policies: Policy[], actions: string[]): Grant[] {
  const allowing = policies.flatMap(statements).filter(({ Effect }) => Effect === "Allow");
  return allowing.map(({ Action, Resource }) => ({
    actions: actions.filter((action) => list(Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()))),
    resources: list(Resource ?? "*"),
  }));
}

/** Whether a resource's own policy lets a service do an action to it, for a source in `context`. */
export function admits(service: string, action: string, target: Target, context: Context): boolean {
  const named = statements(target.resourcePolicy ?? { Statement: [] })
    .filter(({ Principal }) => Principal === "*" || list(Principal?.Service).includes(service))
    .map((statement) => ({ ...statement, Principal: "*" as const }));
  if (named.length === 0) return false;
  const identity = { arn: service, account: "", owner: false, policies: [] };
  return allowed(identity, action, { ...target, context: { ...target.context, ...context }, resourcePolicy: { Statement: named } });
}

function may({ policies, tenant, stage, role }: Principal, action: string, target: Target): boolean {
  const arn = `arn:aws:iam::${ACCOUNT}:role/${tenant}-c360-recommender-${role}-${stage}`;
  return allowed({ arn, account: ACCOUNT, owner: false, policies }, action, target);
}

function allowed(identity: Identity, action: string, { arn: resource, context, resourcePolicy }: Target): boolean {
  return (
    evaluate(identity, { action, resource, context, resourcePolicy }, { ...REQUEST, "aws:PrincipalArn": identity.arn }).decision === "allow"
  );
}
