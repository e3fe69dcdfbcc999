import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { parse } from "yaml";
import { ruleProblems, workflowTexts, type Job, type Workflow } from "./support/workflows";

const ROOT = join(__dirname, "..");
const TEXTS = workflowTexts();
const GRANTS = { preview: { "id-token": "write", "pull-requests": "write" } };

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function job(workflow: string, name: string): Job {
  return (parse(TEXTS[workflow]) as Workflow).jobs[name];
}

function inputsOf(action: string, { steps = [] }: Job): Readonly<Record<string, unknown>> {
  const step = steps.find(({ uses }) => uses?.startsWith(`${action}@`));
  assert.ok(step?.with, `no step uses ${action}`);
  return step.with;
}

/** A section of the runbook. */
function section(heading: string): string {
  return read("docs/operations.md").split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
}

describe("workflows", () => {
  it("are the check and the preview", () => {
    assert.deepEqual(Object.keys(TEXTS).sort(), ["check.yml", "preview.yml"]);
  });

  for (const [file, text] of Object.entries(TEXTS)) {
    it(`${file} keeps the rules`, () => assert.deepEqual(ruleProblems(text, file === "preview.yml" ? GRANTS : {}), []));
  }
});

describe("an unsafe workflow", () => {
  const preview = TEXTS["preview.yml"];

  function edited(from: string, to: string): string {
    assert.ok(preview.includes(from), `preview.yml must hold ${JSON.stringify(from)}`);
    return preview.replace(from, () => to);
  }

  const FORKS = "preview: if must keep forks out";
  const checkout = /actions\/checkout@[0-9a-f]{40} # v[\d.]+/.exec(preview)?.[0] ?? "";
  const [commit, version] = checkout.split(" # ");
  const unsafe: [from: string, to: string, problem: string][] = [
    ["  pull_request:", "  pull_request_target:", "on must be safe for forks, got pull_request_target"],
    ["permissions:\n  contents: read", "permissions:\n  contents: write", "permissions must be contents: read"],
    ["\npermissions:\n  contents: read", "", "permissions must be contents: read"],
    [checkout, "actions/checkout@v7", "uses must be a full commit with its version as comment, got actions/checkout@v7"],
    [checkout, commit, `uses must be a full commit with its version as comment, got ${commit}`],
    [commit, commit.slice(0, -1), `uses must be a full commit with its version as comment, got ${commit.slice(0, -1)}`],
    [version, "v7", `uses must be a full commit with its version as comment, got ${commit}`],
    ["    timeout-minutes: 20\n", "", "preview: timeout-minutes must be set"],
    ["    if: github.event.pull_request.head.repo.full_name == github.repository &&", "    if:", FORKS],
    ["repository && vars", "repository || vars", FORKS],
    ["npm ci", "echo ${{ github.event.pull_request.title }}", "preview: run must take values from env, not from ${{ }}"],
    ["persist-credentials: false", "persist-credentials: true", "preview: checkout must not persist its credentials"],
    [
      "      pull-requests: write",
      "      packages: write",
      'preview: permissions must be the granted ones, got {"contents":"read","id-token":"write","packages":"write"}',
    ],
  ];
  for (const [from, to, problem] of unsafe)
    it(`with ${JSON.stringify(to)} for ${JSON.stringify(from)} breaks a rule`, () => {
      assert.deepEqual(ruleProblems(edited(from, to), GRANTS), [problem]);
    });

  it("may not read secrets where forks come in, even without write permissions", () => {
    const text = TEXTS["check.yml"].replace("bash .ci/run", "bash .ci/run\n        env:\n          TOKEN: ${{ secrets.TOKEN }}");
    assert.deepEqual(ruleProblems(text), ["check: if must keep forks out"]);
  });
});

describe("check", () => {
  it("runs what a clean clone must pass, on the oldest supported Node", () => {
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    const { strategy, steps } = job("check.yml", "check");
    const oldest = (strategy?.matrix.node as number[])[0];
    assert.equal(engines.node.split(".")[0], `>=${oldest}`);
    assert.ok(steps?.some(({ run }) => run === "bash .ci/run"));
    for (const command of ["npm ci", "npm run check", "npm test", "npm start"])
      assert.match(read(".ci/run"), new RegExp(`^${command}\\b`, "m"));
  });
});

describe("functions", () => {
  it("are tested on the newest releases of the Lambda runtime's Node and the one before", () => {
    const { strategy, steps } = job("check.yml", "functions");
    assert.deepEqual(strategy?.matrix.node, [22, 24]);
    assert.deepEqual(inputsOf("actions/setup-node", { steps }), {
      "node-version": "${{ matrix.node }}",
      "check-latest": true,
      cache: "npm",
    });
    assert.ok(steps?.some(({ run }) => run?.startsWith("npm test -- tests/functions ")));
  });
});

describe("preview", () => {
  const { jobs } = parse(TEXTS["preview.yml"]) as Workflow;
  const { preview } = jobs;

  it("covers the stacks that a variable lists", () => {
    assert.equal(preview.strategy?.matrix.stack, "${{ fromJSON(vars.PULUMI_PREVIEW_STACKS) }}");
  });

  it("runs where role and stacks are set, elsewhere says what to set, and does nothing for forks", () => {
    const repository = "acme/recommender";
    const jobsFor = (from: string, AWS_PREVIEW_ROLE_ARN: string, PULUMI_PREVIEW_STACKS: string): string[] => {
      const github = { repository, event: { pull_request: { head: { repo: { full_name: from } } } } };
      const vars = { AWS_PREVIEW_ROLE_ARN, PULUMI_PREVIEW_STACKS };
      const runs = ([, { if: condition = "true" }]: [string, Job]) => runInNewContext(condition, { github, vars }) === true;
      return Object.entries(jobs)
        .filter(runs)
        .map(([name]) => name);
    };
    for (const role of ["", "arn:aws:iam::123456789012:role/preview"]) {
      for (const stacks of ["", "[]", '["dev"]']) {
        const expected = role !== "" && stacks === '["dev"]' ? "preview" : "setup";
        assert.deepEqual(jobsFor(repository, role, stacks), [expected], `${role} ${stacks}`);
        assert.deepEqual(jobsFor("someone/recommender", role, stacks), []);
      }
    }
  });

  it("says which variables and secrets it needs, and so does the runbook", () => {
    const used = [...JSON.stringify(preview).matchAll(/\b(?:vars|secrets)\.(\w+)/g)].map(([, name]) => name);
    const said = jobs.setup.steps?.[0].run ?? "";
    assert.ok(said.startsWith("echo '::notice ") && said.includes('>> "$GITHUB_STEP_SUMMARY"'));
    const runbook = section("Previews in pull requests");
    for (const name of new Set(used)) for (const text of [said, runbook]) assert.ok(text.includes(`\`${name}\``), name);
    assert.equal(new Set(used).size, 6);
  });

  it("edits one comment per stack: the action tells comments apart by the name of the stack", () => {
    const { command, "comment-on-pr": comment, "edit-pr-comment": edit, "stack-name": stack } = inputsOf("pulumi/actions", preview);
    assert.deepEqual({ command, comment, edit }, { command: "preview", comment: true, edit: true });
    assert.match(String(stack), /\$\{\{ matrix\.stack \}\}$/);
  });

  it("runs the CLI of the program's SDK", () => {
    const { dependencies } = JSON.parse(read("package.json")) as { dependencies: Record<string, string> };
    assert.equal(inputsOf("pulumi/actions", preview)["pulumi-version"], dependencies["@pulumi/pulumi"]);
  });

  it("reads the region where the program does", () => {
    const { config } = parse(read("Pulumi.yaml")) as { config: { "aws:region": { value: string } } };
    assert.equal(inputsOf("aws-actions/configure-aws-credentials", preview)["aws-region"], "${{ steps.region.outputs.name }}");
    const folder = mkdtempSync(join(tmpdir(), "c360-workflow-"));
    try {
      const GITHUB_OUTPUT = join(folder, "output");
      const script = preview.steps?.find(({ id }) => id === "region")?.run ?? "";
      execFileSync("bash", ["-e", "-c", script], { cwd: ROOT, env: { ...process.env, GITHUB_OUTPUT } });
      assert.equal(readFileSync(GITHUB_OUTPUT, "utf8"), `name=${config["aws:region"].value}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("installs packages before it holds credentials, and assumes a role instead of keeping keys", () => {
    const steps = preview.steps ?? [];
    const install = steps.findIndex(({ run }) => run?.startsWith("npm ci"));
    const credentials = steps.findIndex(({ uses }) => uses?.startsWith("aws-actions/configure-aws-credentials@"));
    assert.ok(install >= 0 && install < credentials);
    assert.equal(steps[credentials].with?.["role-to-assume"], "${{ vars.AWS_PREVIEW_ROLE_ARN }}");
    assert.doesNotMatch(JSON.stringify(steps), /aws-access-key-id|AWS_SECRET_ACCESS_KEY/i);
  });
});

describe("the role for previews in the runbook", () => {
  const [trust, permissions] = [...section("Previews in pull requests").matchAll(/```json\n(.+?)```/gs)].map(
    ([, text]) => JSON.parse(text) as { Statement: { Action: string | string[]; Resource?: string; Condition?: object }[] },
  );

  it("is assumed by this repository's pull requests alone, under both forms of GitHub's subject", () => {
    assert.equal(trust.Statement.length, 1);
    const [{ Action, Condition }] = trust.Statement;
    assert.equal(Action, "sts:AssumeRoleWithWebIdentity");
    assert.deepEqual(Condition, {
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": [
          "repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:pull_request",
          "repo:OWNER/REPOSITORY:pull_request",
        ],
      },
    });
  });

  it("may do what the program and its providers call while planning, and no more", () => {
    const needed = {
      "sts:GetCallerIdentity": "aws.getCallerIdentity, and the provider itself",
      "cloudformation:DescribeType": "aws.cloudcontrol.Resource",
      "states:ValidateStateMachineDefinition": "aws.sfn.StateMachine, whenever the definition differs",
    };
    assert.deepEqual(permissions.Statement, [{ Effect: "Allow", Action: Object.keys(needed), Resource: "*" }]);
  });
});
