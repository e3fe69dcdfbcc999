import { randomBytes, randomUUID } from "node:crypto";
import { autoName } from "../autoName";
import type { Cloud, Credentials, Json, Policy, Principal, Service } from "../service";
import { ServiceError } from "../service";
import type { Identity } from "./evaluate";
import { trusts } from "./evaluate";
import { parsePolicy } from "./policy";

interface Role {
  arn: string;
  trust: Policy;
  policies: Map<string, Policy>;
}

/** Identities of the account: its owner, users for external clients, and roles that services assume. */
export class Identities {
  private readonly roles = new Map<string, Role>();
  private readonly managed = new Map<string, Policy>();
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
    const identity = () => ({ arn: roleArn, account: this.cloud.account, owner: false, policies: [...role.policies.values()] });
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
    const role = { arn: this.arn(`role/${name}`), trust: parsePolicy(inputs.assumeRolePolicy, `role ${name}`), policies: new Map() };
    this.roles.set(name, role);
    return { id: name, state: { arn: role.arn, uniqueId: accessKey("AROA") } };
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

  private issue(prefix: string, arn: string, identity: () => Identity): Principal {
    const credentials: Credentials = { accessKeyId: accessKey(prefix), secretAccessKey: randomBytes(30).toString("base64") };
    if (prefix === "ASIA") credentials.sessionToken = randomUUID();
    const principal = { arn, credentials };
    this.byAccessKey.set(credentials.accessKeyId, { principal, identity });
    return principal;
  }

  private arn(resource: string): string {
    return `arn:${this.partition}:iam::${this.cloud.account}:${resource}`;
  }
}

/** IAM and STS: roles and policies of the program, and the account's own names. */
export function iam(identities: Identities, { account, region }: Pick<Cloud, "account" | "region">): Service {
  const owner = { accountId: account, arn: `arn:aws:iam::${account}:root`, id: account, userId: account };
  return {
    signingName: "iam",
    protocol: "json",
    operations: {},
    resources: {
      "aws:iam/role:Role": {
        inputs: ["name", "assumeRolePolicy", "description", "tags"],
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

const roleName = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new ServiceError("NoSuchEntity", `${what} does not exist`, 404);
  return value;
}
