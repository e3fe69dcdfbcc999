import { randomBytes, randomUUID } from "node:crypto";
import { autoName } from "../autoName";
import type { Cloud, Credentials, Json, Policy, Principal, Service } from "../service";
import { ServiceError } from "../service";
import type { Identity } from "./evaluate";
import { trusts } from "./evaluate";
import { iamOperations } from "./operations";
import { parsePolicy } from "./policy";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const POLICIES_PER_ROLE = 10;

interface Role {
  arn: string;
  id: string;
  trust: Policy;
  policies: Map<string, Policy>;
}

/** A managed policy attached to a role or a user. */
export interface Attachment {
  /** Position in the order of attaching; unique. */
  number: number;
  policyArn: string;
  kind: "Role" | "User";
  /** Name of the role or the user. */
  name: string;
  /** The service's own id of the role or the user. */
  id: string;
}

/** Identities of the account: its owner, users for external clients, and roles that services assume. */
export class Identities {
  private readonly roles = new Map<string, Role>();
  private readonly managed = new Map<string, Policy>();
  private readonly attachments = new Map<string, Attachment>();
  private attached = 0;
  private readonly byAccessKey = new Map<string, { principal: Principal; identity: () => Identity }>();

  constructor(
    private readonly cloud: Pick<Cloud, "account" | "region">,
    private readonly partition = "aws",
  ) {}

  /** Creates an access key for the account's owner. */
  owner(): Principal {
    const arn = this.arn("root");
    return this.issue("AKIA", arn, () => ({ arn, account: this.cloud.account, owner: true, policies: [] }));
  }

  /**
   * Creates an access key for a user with the given managed policies only.
   *
   * @param policyArns ARNs of policies that the program created
   * @throws ServiceError NoSuchEntity
   */
  user(name: string, policyArns: string[]): Principal {
    const policies = policyArns.map((arn) => found(this.managed.get(arn), `policy ${arn}`));
    for (const policyArn of policyArns) this.attach({ policyArn, kind: "User", name, id: accessKey("AIDA") });
    const arn = this.arn(`user/${name}`);
    return this.issue("AKIA", arn, () => ({ arn, account: this.cloud.account, owner: false, policies }));
  }

  /**
   * Creates temporary credentials of a role for a service.
   *
   * @throws ServiceError AccessDenied when the trust policy does not allow the service
   */
  assume(roleArn: string, servicePrincipal: string, context: Record<string, string> = {}): Principal {
    const role = found(this.roles.get(roleName(roleArn)), `role ${roleArn}`);
    if (!trusts(role.trust, servicePrincipal, { "aws:SourceAccount": this.cloud.account, ...context })) {
      throw new ServiceError("AccessDenied", `${servicePrincipal} may not assume ${roleArn}: its trust policy does not allow it`, 403);
    }
    const identity = () => ({ arn: roleArn, account: this.cloud.account, owner: false, policies: this.policiesOf(role) });
    return this.issue("ASIA", roleArn, identity);
  }

  /** Creates credentials of a service itself, which resource policies alone allow. */
  service(servicePrincipal: string, context: Record<string, string>): Principal {
    const own = { "aws:SourceAccount": this.cloud.account, ...context };
    const identity = () => ({ arn: servicePrincipal, account: "", owner: false, policies: [], service: servicePrincipal, context: own });
    return this.issue("ASIA", servicePrincipal, identity);
  }

  /** The owner of an access key; undefined when it was never issued. */
  find(accessKeyId: string): Principal | undefined {
    return this.byAccessKey.get(accessKeyId)?.principal;
  }

  /** The principal's current identity: ARN, account and policies. */
  identity(principal: Principal): Identity {
    return found(this.byAccessKey.get(principal.credentials.accessKeyId), `the access key of ${principal.arn}`).identity();
  }

  createRole(inputs: Json): { id: string; state: Json } {
    const name = String(inputs.name);
    if (this.roles.has(name)) throw new ServiceError("EntityAlreadyExists", `role ${name} exists`, 409);
    const trust = parsePolicy(inputs.assumeRolePolicy, `role ${name}`);
    const role = { arn: this.arn(`role/${name}`), id: accessKey("AROA"), trust, policies: new Map() };
    this.roles.set(name, role);
    return { id: name, state: { arn: role.arn, uniqueId: role.id } };
  }

  /** @param urn source of the name of a policy without one */
  putRolePolicy({ role: of, name: given, policy }: Json, urn: string): { id: string; state: Json } {
    const [role, name] = [String(of), typeof given === "string" ? given : autoName(urn)];
    const { policies } = found(this.roles.get(role), `role ${role}`);
    policies.set(name, parsePolicy(policy, `policy ${name} of role ${role}`));
    return { id: `${role}:${name}`, state: { name } };
  }

  createPolicy(inputs: Json): { id: string; state: Json } {
    const arn = this.arn(`policy/${String(inputs.name)}`);
    if (this.managed.has(arn)) throw new ServiceError("EntityAlreadyExists", `policy ${arn} exists`, 409);
    this.managed.set(arn, parsePolicy(inputs.policy, `policy ${arn}`));
    return { id: arn, state: { arn, policyId: accessKey("ANPA") } };
  }

  /**
   * Attaches a managed policy to a role; one that is attached already stays so.
   *
   * @throws ServiceError NoSuchEntity, LimitExceeded
   */
  attachRolePolicy(name: string, policyArn: string): void {
    const { id } = this.role(name);
    if (!this.managed.has(policyArn)) throw noSuchEntity(`Policy ${policyArn} does not exist or is not attachable.`);
    const others = [...this.attachments.values()].filter((other) => other.kind === "Role" && other.name === name);
    if (!others.some((other) => other.policyArn === policyArn) && others.length >= POLICIES_PER_ROLE) {
      throw new ServiceError("LimitExceeded", `Cannot exceed quota for PoliciesPerRole: ${POLICIES_PER_ROLE}`, 409);
    }
    this.attach({ policyArn, kind: "Role", name, id });
  }

  /** @throws ServiceError NoSuchEntity */
  detachRolePolicy(name: string, policyArn: string): void {
    this.role(name);
    if (!this.attachments.delete(attachmentKey({ policyArn, kind: "Role", name }))) {
      throw noSuchEntity(`Policy ${policyArn} was not found.`);
    }
  }

  /**
   * What a managed policy is attached to, in the order of attaching.
   *
   * @throws ServiceError NoSuchEntity
   */
  attachmentsOf(policyArn: string): Attachment[] {
    if (!this.managed.has(policyArn)) throw noSuchEntity(`Policy ${policyArn} was not found.`);
    return [...this.attachments.values()].filter((attachment) => attachment.policyArn === policyArn);
  }

  /** The ARN of a resource of the account, for example of `role/reader`. */
  arn(resource: string): string {
    return `arn:${this.partition}:iam::${this.cloud.account}:${resource}`;
  }

  /** @throws ServiceError NoSuchEntity */
  private role(name: string): Role {
    const role = this.roles.get(name);
    if (role === undefined) throw noSuchEntity(`The role with name ${name} cannot be found.`);
    return role;
  }

  private attach(attachment: Omit<Attachment, "number">): void {
    const key = attachmentKey(attachment);
    if (!this.attachments.has(key)) this.attachments.set(key, { ...attachment, number: ++this.attached });
  }

  private policiesOf({ id, policies }: Role): Policy[] {
    const attached = [...this.attachments.values()].filter((attachment) => attachment.id === id);
    return [...policies.values(), ...attached.flatMap(({ policyArn }) => this.managed.get(policyArn) ?? [])];
  }

  private issue(prefix: string, arn: string, identity: () => Identity): Principal {
    const credentials: Credentials = { accessKeyId: accessKey(prefix), secretAccessKey: randomBytes(30).toString("base64") };
    if (prefix === "ASIA") credentials.sessionToken = randomUUID();
    const principal = { arn, credentials };
    this.byAccessKey.set(credentials.accessKeyId, { principal, identity });
    return principal;
  }
}

/** IAM: roles and policies of the program, and the account's own names. */
export function iam(identities: Identities, { account, region }: Pick<Cloud, "account" | "region">): Service {
  const owner = { accountId: account, arn: `arn:aws:iam::${account}:root`, id: account, userId: account };
  return {
    signingName: "iam",
    protocol: "query",
    operations: iamOperations(identities),
    resources: {
      "aws:iam/role:Role": {
        inputs: ["name", "assumeRolePolicy", "description", "forceDetachPolicies", "tags"],
        create: async (inputs) => identities.createRole(inputs),
      },
      "aws:iam/rolePolicy:RolePolicy": {
        inputs: ["name", "role", "policy"],
        create: async (inputs, urn) => identities.putRolePolicy(inputs, urn),
      },
      "aws:iam/policy:Policy": {
        inputs: ["name", "description", "policy", "tags"],
        create: async (inputs) => identities.createPolicy(inputs),
      },
    },
    invokes: {
      "aws:index/getCallerIdentity:getCallerIdentity": () => owner,
      "aws:index/getRegion:getRegion": () => ({
        id: region,
        region,
        name: region,
        description: region,
        endpoint: `ec2.${region}.amazonaws.com`,
      }),
      "aws:index/getPartition:getPartition": () => ({
        id: "aws",
        partition: "aws",
        dnsSuffix: "amazonaws.com",
        reverseDnsPrefix: "com.amazonaws",
      }),
    },
  };
}

const accessKey = (prefix: string): string => prefix + randomBytes(8).toString("hex").toUpperCase();

const attachmentKey = ({ policyArn, kind, name }: Pick<Attachment, "policyArn" | "kind" | "name">): string =>
  [kind, name, policyArn].join(" ");

const noSuchEntity = (message: string): ServiceError => new ServiceError("NoSuchEntity", message, 404);

const roleName = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw noSuchEntity(`${what} does not exist`);
  return value;
}
