import * as assert from "node:assert/strict";
import { ON_ACCOUNT_CATALOG, ON_SHARED_BUCKETS, ONLY_ON_STAR } from "../components/shared/policies";
import { list, type Statement, statements } from "@c360/local-aws";
import { neededBy, rolesOf } from "./support/neededPermissions";
import { actionsOf, type Principal, principalsOf, reach } from "./support/principals";
import { bucketPoliciesOf, type Target, targetsOf } from "./support/targets";
import { twoTenants } from "./support/twoTenants";

const ON_STAR = Object.values(ONLY_ON_STAR).flat();
/** Stages whose buckets are the same. */
const SHARING = ["dev", "alice", "alice2"];

/** Actions that roles may do to everything, for AWS takes nothing narrower. */
const STARRED: Record<string, string[]> = {
  forwarder: [...ONLY_ON_STAR.personalize, ...ONLY_ON_STAR.xray],
  history: ONLY_ON_STAR.xray,
  export: ONLY_ON_STAR.xray,
  pipeline: [...ONLY_ON_STAR.xray, ...ONLY_ON_STAR.sampling, ...ONLY_ON_STAR.logDelivery, ...ONLY_ON_STAR.solutionVersions],
};

/** An action that a role may do to what is not its own. */
interface Exception {
  role: string;
  actions: string[];
  /** What it may be done to. */
  to: (target: Target) => boolean;
  /** Whether it may be anyone's. @default only what belongs to the stages that share the tenant's buckets */
  everywhere?: boolean;
}

const { bucket, bucketKey, failedBatches, location } = ON_SHARED_BUCKETS;
const EXCEPTIONS: Record<string, Exception> = {
  bucket: { role: "delivery", actions: bucket, to: ({ what }) => /^(list )?upstream\b/.test(what) },
  bucketKey: { role: "delivery", actions: bucketKey, to: ({ what }) => what === "key of upstream" },
  failedBatches: {
    role: "forwarder",
    actions: failedBatches.actions,
    to: ({ what, key }) => /^(list )?upstream /.test(what) && key?.startsWith(failedBatches.prefix) === true,
  },
  /** Whoever leaves a source's parts knows no stage. */
  source: {
    role: "export",
    actions: ["s3:GetObject", "s3:ListBucket"],
    to: ({ what }) => /^(list )?lake crm\/interactions\//.test(what),
  },
  location: { role: "pipeline", actions: location, to: ({ what }) => ["upstream", "lake", "cache"].includes(what) },
  glueCatalog: {
    role: "pipeline",
    actions: [...ON_ACCOUNT_CATALOG.read, ...ON_ACCOUNT_CATALOG.publish],
    to: ({ what }) => what === "Glue's catalog",
    everywhere: true,
  },
  defaultDatabase: {
    role: "pipeline",
    actions: ON_ACCOUNT_CATALOG.defaultDatabase,
    to: ({ what }) => what === "Glue's default database",
    everywhere: true,
  },
  athenaCatalog: {
    role: "pipeline",
    actions: ON_ACCOUNT_CATALOG.dataCatalog,
    to: ({ what }) => what === "Athena's catalog",
    everywhere: true,
  },
  ...Object.fromEntries(
    Object.entries(STARRED).map(([role, actions]) => [`star ${role}`, { role, actions, to: () => true, everywhere: true }]),
  ),
};

/** The listed exception by which a role may do something to what is not its own. */
function exception({ role, tenant, stage }: Principal, action: string, target: Target): string | undefined {
  const near = tenant === target.tenant && SHARING.includes(stage) && SHARING.includes(target.stage);
  const found = Object.entries(EXCEPTIONS).find(
    ([, { everywhere = false, ...one }]) => one.role === role && one.actions.includes(action) && one.to(target) && (everywhere || near),
  );
  return found && `${found[0]} ${action}`;
}

const isOwn = ({ tenant, stage }: Principal, target: Target) => target.tenant === tenant && target.stage === stage;

describe("two tenants in every kind of stage", () => {
  let principals: Principal[];
  let targets: Target[];
  let actions: string[];

  /** What a principal can do to others' without a listed exception, and the exceptions that it uses. */
  function trespass(principal: Principal, tried = actions) {
    const used = new Set<string>();
    const foreign = targets.filter((target) => !isOwn(principal, target));
    const found = reach(principal, tried, foreign).flatMap(({ action, target }) => {
      const name = exception(principal, action, target);
      if (name !== undefined) used.add(name);
      const { tenant, stage, role } = principal;
      return name === undefined ? [`${tenant} ${stage} ${role}: ${action} to ${target.tenant} ${target.stage} ${target.what}`] : [];
    });
    return { found, used };
  }

  before(async () => {
    const stacks = await twoTenants();
    const policies = new Map(stacks.flatMap(bucketPoliciesOf));
    targets = stacks.flatMap((stack) => targetsOf(stack, policies));
    principals = stacks.flatMap(principalsOf);
    const trusts = principals.flatMap(({ trust }) => trust ?? []);
    actions = actionsOf([...principals.flatMap((principal) => principal.policies), ...trusts, ...policies.values()]);
  });

  it("have the principals that each tenant and stage needs, with one policy each", () => {
    const found = principals.map(({ stage, tenant, role, policies }) => `${stage} ${tenant} ${role} ${policies.length}`);
    const expected = [...SHARING, "staging", "prod"].flatMap((stage) =>
      ["acme", "acme2"].flatMap((tenant) => rolesOf(tenant, stage).map((role) => `${stage} ${tenant} ${role} 1`)),
    );
    assert.deepEqual(found.sort(), expected.sort());
  });

  it("give each role what it needs of its own, and no more", () => {
    const narrow = actions.filter((action) => !ON_STAR.includes(action));
    for (const principal of principals) {
      const own = targets.filter((target) => isOwn(principal, target));
      const found: Record<string, string[]> = {};
      for (const { action, target } of reach(principal, narrow, own)) (found[target.what] ??= []).push(action);
      assert.deepEqual(found, neededBy(principal.tenant, principal.role), `${principal.tenant} ${principal.stage} ${principal.role}`);
    }
  });

  it("let no role act on what is another's, but for the listed actions, all of which are used", () => {
    const all = principals.map((principal) => trespass(principal));
    assert.deepEqual(
      all.flatMap(({ found }) => found),
      [],
    );
    const used = new Set(all.flatMap((one) => [...one.used]));
    const listed = Object.entries(EXCEPTIONS).flatMap(([name, { actions: all }]) => all.map((action) => `${name} ${action}`));
    assert.deepEqual([...used].sort(), listed.sort());
  });

  /** Ways in which a statement may be too wide; none when it does not narrow in that way. */
  const WIDER: Record<string, (statement: Statement, stage: string) => Statement | undefined> = {
    "to everything": ({ Condition: _, ...rest }) => ({ ...rest, Resource: "*" }),
    "to tenants whose names go on": (statement) => widen(statement, /acme([-_]c(?:360|rm)[\w-]+)/g, "acme*$1*"),
    "to every stage": (statement, stage) => widen(statement, new RegExp(`(?<![a-z0-9])${stage}(?![a-z0-9])`, "g"), "*"),
    "by its conditions": ({ Condition, ...rest }) => (Condition ? rest : undefined),
  };

  for (const [how, change] of Object.entries(WIDER)) {
    it(`would show a statement that is too wide ${how}`, () => {
      const tried = principals
        .filter(({ tenant, role }) => tenant === "acme" || (role === "export" && how !== "to tenants whose names go on"))
        .filter(({ stage, role }) => stage === (role === "schedule" ? "staging" : "alice"))
        .flatMap((principal) =>
          principal.policies.flatMap(statements).flatMap((statement) => {
            const wide = statement.Resource === "*" ? undefined : change(statement, principal.stage);
            const name = `${principal.role} ${String(statement.Sid)}`;
            return wide ? [{ name, ...trespass({ ...principal, policies: [{ Statement: wide }] }, list(wide.Action)) }] : [];
          }),
        );
      assert.ok(tried.length >= 3, `${tried.length} statements`);
      assert.deepEqual(
        tried.filter(({ found }) => found.length === 0).map(({ name }) => name),
        [],
      );
    });
  }
});

function widen(statement: Statement, narrow: RegExp, wide: string): Statement | undefined {
  const resources = list(statement.Resource).map((resource) => resource.replace(narrow, wide));
  return resources.every((resource, i) => resource === list(statement.Resource)[i]) ? undefined : { ...statement, Resource: resources };
}
