import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { physicalName } from "./naming";
import type { Policy } from "./policies";
import type { TenantContext } from "./tenantContext";

export interface ServiceRoleArgs {
  context: TenantContext;
  /** What the role is for: part of its physical name. */
  purpose: string;
  /** Which service may assume the role. */
  trust: Policy;
  /** The role's only policy. */
  policy: Policy;
}

/** A role and its inline policy. What uses the role must depend on both: the role's ARN alone does not wait for the policy. */
export interface ServiceRole {
  role: aws.iam.Role;
  rolePolicy: aws.iam.RolePolicy;
}

/** Creates the role `name` with the inline policy `<name>-policy`. */
export function serviceRole(name: string, args: ServiceRoleArgs, opts: pulumi.CustomResourceOptions): ServiceRole {
  const { context, purpose, trust, policy } = args;
  const role = new aws.iam.Role(
    name,
    {
      name: physicalName("role", context, purpose),
      assumeRolePolicy: trust,
      // Otherwise a policy that others gave the role, as some companies do to all roles, would keep it from being deleted.
      forceDetachPolicies: true,
      tags: context.tags,
    },
    opts,
  );
  return { role, rolePolicy: new aws.iam.RolePolicy(`${name}-policy`, { role: role.name, policy }, opts) };
}
