import { z } from "zod";
import type { Definition } from "../operation";
import { paging } from "../paging";
import { queryOperation } from "../queryReply";
import type { Json, Operation } from "../service";
import type { Attachment, Identities } from ".";

const IAM = { service: "iam", invalid: "ValidationError", namespace: "https://iam.amazonaws.com/doc/2010-05-08/" };

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html */
const POLICY_ARN = z.string().min(20).max(2048);
const ROLE_NAME = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\w+=,.@-]+$/);
const VERSION = { Version: z.literal("2010-05-08") };

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html */
const PAGES = paging({ token: "Marker", size: "MaxItems", most: 1000, usual: 100, invalidToken: "ValidationError" });

/** Where managed policies are attached. */
export function iamOperations(identities: Identities): Record<string, Operation> {
  const attached = { ...VERSION, RoleName: ROLE_NAME, PolicyArn: POLICY_ARN };
  const operation = <Members extends z.ZodRawShape>(name: string, definition: Definition<Members>) => queryOperation(IAM, name, definition);
  const roleArn = ({ RoleName }: { RoleName: string }): string => identities.arn(`role/${RoleName}`);
  return {
    ...operation("ListEntitiesForPolicy", {
      // A form has no numbers.
      members: { ...VERSION, PolicyArn: POLICY_ARN, ...PAGES.members, MaxItems: z.coerce.number().int().min(1).max(1000).optional() },
      resources: ({ PolicyArn }) => PolicyArn,
      run: (request) => {
        const all = identities.attachmentsOf(request.PolicyArn);
        const { items, next } = PAGES.page(all, request, { numberOf: ({ number }) => number });
        return {
          PolicyRoles: members(items, "Role", ({ name, id }) => ({ RoleName: name, RoleId: id })),
          PolicyGroups: "",
          PolicyUsers: members(items, "User", ({ name, id }) => ({ UserName: name, UserId: id })),
          IsTruncated: "Marker" in next,
          ...next,
        };
      },
    }),
    ...operation("AttachRolePolicy", {
      members: attached,
      resources: roleArn,
      run: ({ RoleName, PolicyArn }) => identities.attachRolePolicy(RoleName, PolicyArn),
    }),
    ...operation("DetachRolePolicy", {
      members: attached,
      resources: roleArn,
      run: ({ RoleName, PolicyArn }) => identities.detachRolePolicy(RoleName, PolicyArn),
    }),
  };
}

function members(items: Attachment[], kind: Attachment["kind"], shown: (item: Attachment) => Json): Json | string {
  const member = items.filter((item) => item.kind === kind).map(shown);
  return member.length === 0 ? "" : { member };
}
