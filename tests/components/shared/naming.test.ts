import * as assert from "node:assert/strict";
import * as fc from "fast-check";
import { arnsOf, viaService } from "../../../components/shared/tenantContext";
import {
  bucketName,
  cachePrefixes,
  databaseName,
  eventPrefixes,
  inputKeys,
  interactionsPrefix,
  isPersonal,
  jobLogGroups,
  jobModuleKeys,
  jobScriptKey,
  keyPrefixOf,
  NAME_LIMITS,
  type NameKind,
  physicalName,
  jobNamePrefix,
  recommenderPrefix,
  solutionName,
  tagsOf,
  trainingRunsPrefix,
  ZONES,
} from "../../../components/shared/naming";

const tenants = fc.stringMatching(/^[a-z][a-z0-9]{1,19}$/);
const stages = fc.oneof(fc.constantFrom("prod", "staging", "dev"), fc.stringMatching(/^[a-z][a-z0-9]{1,11}$/));
const owners = fc.record({ tenant: tenants, stage: stages });
const kinds = fc.constantFrom(...(Object.keys(NAME_LIMITS) as NameKind[]));
/** Every role word of the program, with the kind whose limit counts. */
const ROLES: [NameKind, string][] = [
  ["role", "delivery"],
  ["role", "forwarder"],
  ["role", "personalize"],
  ["policy", "producer"],
  ["stream", "stream"],
  ["deliveryStream", "delivery"],
  ["function", "forwarder"],
  ["datasetGroup", "recommender"],
  ["schema", "schema-0a1b2"],
  ["dataset", "interactions"],
  ["eventTracker", "tracker"],
  ["job", "export"],
  ["policy", "consumer"],
  ["solution", "solution"],
  ["campaign", "campaign"],
];
/** What the service may train by: https://docs.aws.amazon.com/personalize/latest/dg/working-with-predefined-recipes.html */
const RECIPES = [
  ...["aws-user-personalization-v2", "aws-user-personalization", "aws-popularity-count", "aws-trending-now", "aws-similar-items"],
  ...["aws-personalized-ranking-v2", "aws-personalized-ranking", "aws-semantic-similarity", "aws-next-best-action", "aws-sims"],
  ...["aws-item-affinity", "aws-item-attribute-affinity", "aws-hrnn", "aws-hrnn-metadata", "aws-hrnn-coldstart"],
];

describe("physicalName", () => {
  it("joins tenant, project, role and stage", () => {
    assert.equal(physicalName("role", { tenant: "acme", stage: "prod" }, "delivery"), "acme-c360-recommender-delivery-prod");
  });

  it("fits for every tenant and stage and every role of the program", () => {
    fc.assert(
      fc.property(owners, fc.constantFrom(...ROLES), (owner, [kind, role]) => {
        const name = physicalName(kind, owner, role);
        assert.ok(name.length <= NAME_LIMITS[kind], name);
        assert.match(name, /^[a-z][a-z0-9-]*[a-z0-9]$/);
      }),
    );
  });

  it("fits a role and a delivery stream with role words of 13 characters", () => {
    const longest = { tenant: "t".repeat(20), stage: "s".repeat(12) };
    assert.equal(physicalName("role", longest, "r".repeat(13)).length, 64);
    assert.equal(physicalName("deliveryStream", longest, "r".repeat(13)).length, 64);
  });

  it("gives two owners or roles never the same name", () => {
    fc.assert(
      fc.property(owners, owners, fc.constantFrom(...ROLES), fc.constantFrom(...ROLES), (one, other, [, role], [, otherRole]) => {
        const same = one.tenant === other.tenant && one.stage === other.stage && role === otherRole;
        assert.equal(physicalName("policy", one, role) === physicalName("policy", other, otherRole), same);
      }),
    );
  });

  it("throws exactly above the limit, with the limit and the name", () => {
    fc.assert(
      fc.property(kinds, fc.integer({ min: 1, max: 130 }), (kind, length) => {
        const role = "r".repeat(length);
        const name = `acme-c360-recommender-${role}-dev`;
        const make = () => physicalName(kind, { tenant: "acme", stage: "dev" }, role);
        if (name.length <= NAME_LIMITS[kind]) assert.equal(make(), name);
        else {
          const message = `name of ${kind} must have at most ${NAME_LIMITS[kind]} characters, got ${name.length} in "${name}"`;
          assert.throws(make, { message });
        }
      }),
    );
  });
});

describe("solutionName", () => {
  it("is another one for each recipe of the service", () => {
    const owner = { tenant: "acme", stage: "prod" };
    assert.equal(solutionName(owner, "aws-user-personalization-v2"), "acme-c360-recommender-solution-prod-a22");
    assert.equal(new Set(RECIPES.map((recipe) => solutionName(owner, recipe))).size, RECIPES.length);
  });

  it("fits for every tenant, stage and recipe, as do the names of jobs up to attempts of many digits", () => {
    fc.assert(
      fc.property(owners, fc.stringMatching(/^aws-[a-z0-9-]{1,59}$/), (owner, recipe) => {
        assert.ok(solutionName(owner, recipe).length <= NAME_LIMITS.solution);
        assert.ok(`${jobNamePrefix(owner)}0123456789ab-${"9".repeat(15)}`.length <= 63);
      }),
    );
  });
});

describe("bucketName", () => {
  it("has no suffix in prod, -staging in staging and -dev in every other stage", () => {
    assert.equal(bucketName({ tenant: "acme", stage: "prod" }, "upstream"), "acme-c360-upstream");
    assert.equal(bucketName({ tenant: "acme", stage: "staging" }, "lake"), "acme-c360-lake-staging");
    assert.equal(bucketName({ tenant: "acme", stage: "dev" }, "downstream"), "acme-c360-downstream-dev");
    assert.equal(bucketName({ tenant: "acme", stage: "alice" }, "cache"), "acme-c360-cache-dev");
  });

  it("is a valid bucket name for every tenant, stage and zone", () => {
    fc.assert(
      fc.property(owners, fc.constantFrom(...ZONES), (owner, zone) => {
        assert.match(bucketName(owner, zone), /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/);
      }),
    );
  });
});

describe("a database's name", () => {
  it("has the stage outside prod", () => {
    const names = ["prod", "staging", "dev", "alice"].map((stage) => databaseName({ tenant: "acme", stage }));
    assert.deepEqual(names, [
      "acme_crm_derived_restricted",
      ...["staging", "dev", "alice"].map((stage) => `acme_crm_derived_restricted_${stage}`),
    ]);
  });
});

describe("key prefixes", () => {
  it("are empty but for personal stages", () => {
    assert.deepEqual(["prod", "staging", "dev", "alice"].map(isPersonal), [false, false, false, true]);
    assert.deepEqual(["prod", "staging", "dev", "alice"].map(keyPrefixOf), ["", "", "", "alice/"]);
  });

  it("lead to the locations of the data contracts", () => {
    assert.deepEqual(eventPrefixes("alice/"), {
      latest: "alice/crm/dashboard_interaction/latest/",
      errors: "alice/crm/dashboard_interaction/errors/",
      deadLetters: "alice/crm/dashboard_interaction/dead_letter/",
      history: "alice/crm/dashboard_interaction/history/",
    });
    assert.equal(interactionsPrefix("alice/"), "alice/crm_derived_restricted/t200_dashboard_interaction/");
    assert.deepEqual(cachePrefixes("alice/"), {
      parts: "alice/recommender/parts/",
      inflated: "alice/recommender/inflated/",
      results: "alice/athena/",
    });
    assert.equal(jobScriptKey("alice"), "glue_jobs/alice/dashboard_interaction_export.py");
    assert.equal(jobModuleKeys("alice")[0], "glue_jobs/alice/export_errors.py");
    assert.deepEqual(inputKeys(""), {
      input: "recommender/personalize_input.csv",
      manifest: "recommender/personalize_input.manifest.json",
    });
    assert.equal(recommenderPrefix(""), "recommender/");
    assert.equal(trainingRunsPrefix("alice/"), "alice/crm_derived_restricted/t310_training_run/");
  });

  it("keep two stages of the same buckets apart", () => {
    const reserved = ["crm", "recommender", "aws", "athena"];
    fc.assert(
      fc.property(stages, stages, (one, other) => {
        fc.pre(one !== other && ![one, other].some((stage) => reserved.includes(stage)));
        const shares = [one, other].every((stage) => stage !== "prod" && stage !== "staging");
        const { latest } = eventPrefixes(keyPrefixOf(other));
        if (shares) assert.ok(!latest.startsWith(eventPrefixes(keyPrefixOf(one)).latest));
      }),
    );
  });
});

describe("arnsOf", () => {
  it("uses the partition", () => {
    const arns = arnsOf({ partition: "aws-cn", region: "cn-north-1", account: "123456789012" });
    assert.equal(arns.bucket("b"), "arn:aws-cn:s3:::b");
    assert.equal(arns.objects("b", "p/"), "arn:aws-cn:s3:::b/p/*");
    assert.equal(arns.stream("s"), "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/s");
    assert.equal(arns.logStreams("/g"), "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/g:*");
    assert.equal(arns.logStream("/g", "l"), "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/g:log-stream:l");
    assert.equal(arns.job("j"), "arn:aws-cn:glue:cn-north-1:123456789012:job/j");
    assert.equal(arns.anyKey(), "arn:aws-cn:kms:cn-north-1:123456789012:key/*");
    assert.equal(arns.role("r"), "arn:aws-cn:iam::123456789012:role/r");
    assert.equal(arns.recipe("aws-sims"), "arn:aws-cn:personalize:::recipe/aws-sims");
    assert.equal(arns.interactions("g"), "arn:aws-cn:personalize:cn-north-1:123456789012:dataset/g/INTERACTIONS");
    assert.equal(arns.anyPersonalize(), "arn:aws-cn:personalize:cn-north-1:123456789012:*");
  });
});

describe("a job's log groups", () => {
  it("begin with the prefix that the job is given", () => {
    assert.deepEqual(jobLogGroups("j"), { prefix: "/aws-glue/jobs/j", output: "/aws-glue/jobs/j/output", error: "/aws-glue/jobs/j/error" });
  });
});

describe("viaService", () => {
  it("has the domain of the partition", () => {
    const at = (partition: string, region: string) => viaService({ partition, region, account: "123456789012" }, "s3");
    assert.equal(at("aws", "ap-southeast-1"), "s3.ap-southeast-1.amazonaws.com");
    assert.equal(at("aws-cn", "cn-north-1"), "s3.cn-north-1.amazonaws.com.cn");
    assert.equal(at("aws-us-gov", "us-gov-west-1"), "s3.us-gov-west-1.amazonaws.com");
  });
});

describe("tagsOf", () => {
  it("names tenant, stage and project", () => {
    assert.deepEqual(tagsOf({ tenant: "acme", stage: "dev" }), { tenant: "acme", stage: "dev", project: "c360-recommender" });
  });
});
