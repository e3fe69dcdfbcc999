import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pulumiProvider } from "@c360/local-aws";
import { FunctionError, ProgramFailure, type Provider, runProgram, type RunOptions, type Stack } from "@c360/local-pulumi";
import { withPlainErrors } from "../components/shared/plainErrors";
import { NAMESPACE } from "./support/settings";
import { stackWith, withAccount } from "./support/stackResources";

/** Loaded before the program runner: writes down the stacks of what the runner inspects, and does not inspect it. */
const RECORDER = `
const { appendFileSync } = require("node:fs");
const util = require("node:util");
const stacks = (error) => (error instanceof Error ? [error.stack, ...stacks(error.cause)] : []);
const record = (value) => (appendFileSync(__dirname + "/inspected", JSON.stringify(stacks(value)) + "\\n"), String(value));
util.inspect = Object.assign(record, util.inspect);
`;

const PULUMI_FRAME = /node_modules[\\/]@pulumi/;

interface Failing {
  title: string;
  stack: () => Promise<Stack>;
  message: RegExp;
  dryRun?: boolean;
  /** What answers otherwise than the local cloud. */
  answers?: (local: Provider) => Partial<Provider>;
}

const OTHER_ACCOUNT = "arn:aws:personalize:ap-southeast-1:999999999999";
const EXISTING = {
  datasetGroupArn: `${OTHER_ACCOUNT}:dataset-group/g`,
  datasetArn: `${OTHER_ACCOUNT}:dataset/g/INTERACTIONS`,
  trackingId: "t",
};

const wrongSetting = () => stackWith("dev", { stream: { shards: 0 } });
const WRONG_SETTING = "config c360-recommender:stream.shards must be a whole number from 1 to 10000, got 0";

const FAILING: Failing[] = [
  { title: "a wrong setting", stack: wrongSetting, message: new RegExp(`^${WRONG_SETTING}$`) },
  {
    title: "no tenants",
    stack: async () => {
      const { config, ...stack } = await stackWith("dev");
      return { ...stack, config: Object.fromEntries(Object.entries(config).filter(([key]) => key !== `${NAMESPACE}tenants`)) };
    },
    message: /^config c360-recommender:tenants must be a list of tenants, got nothing$/,
  },
  {
    title: "a refusal before anything is created",
    stack: () => stackWith("alice"),
    dryRun: false,
    message: /^stage alice adopts buckets that do not exist: .*, or name existing buckets in .*$/,
  },
  {
    title: "a refusal of a component",
    stack: () => stackWith("dev", { recommender: { existing: EXISTING } }),
    message:
      /^Recommender "acme-recommender": recommender\.existing\.datasetGroupArn must be of .*, got "arn:.*:999999999999:dataset-group\/g"$/,
  },
  {
    title: "a function that fails",
    stack: () => stackWith("dev"),
    answers: () => ({ invoke: () => Promise.reject(new FunctionError("ExpiredToken: The security token is expired")) }),
    message: /^aws:index\/get\w+:get\w+: ExpiredToken: The security token is expired$/,
  },
  {
    title: "an output that fails",
    stack: () => stackWith("dev"),
    dryRun: false,
    answers: (local) => ({
      create: async (type, inputs, urn) => {
        const created = await local.create(type, inputs, urn);
        return urn.endsWith("::acme-recommender-tracker") ? { ...created, state: { ...created.state, properties: "{" } } : created;
      },
    }),
    message: /JSON/,
  },
];

describe("an error of the program", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "c360-errors-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  for (const { title, stack, answers, message, dryRun = true } of FAILING) {
    it(`reaches the program runner without Pulumi's frames: ${title}`, async () => {
      const recorder = join(folder, "recorder.cjs");
      writeFileSync(recorder, RECORDER);
      const failure = await withAccount(async (cloud) => {
        const local = pulumiProvider(cloud);
        return failureOf({ ...(await stack()), provider: { ...local, ...answers?.(local) }, dryRun, preload: [recorder] });
      });
      assert.match(failure.message, message);
      const inspected = readFileSync(join(folder, "inspected"), "utf8");
      assert.match(inspected, /\\n {4}at /);
      assert.doesNotMatch(inspected, PULUMI_FRAME);
    });
  }

  it("is printed by the unchanged program runner in one line", async () => {
    const failure = await withAccount(async (cloud) =>
      failureOf({ ...(await wrongSetting()), provider: pulumiProvider(cloud), dryRun: true, preload: [] }),
    );
    assert.deepEqual(failure.problems, [{ message: WRONG_SETTING }]);
  });

  it("keeps its message and all other frames, and so does its cause", async () => {
    const frames = ["    at own (/program/index.ts:1:1)", "    at Stack.initialize (/program/node_modules/@pulumi/resource.ts:2:2)"];
    const stackOf = (message: string) => [`Error: ${message}`, ...frames].join("\n");
    const cause = Object.assign(new Error("cause"), { stack: stackOf("cause") });
    const error = Object.assign(new Error("two\nlines", { cause }), { stack: stackOf("two\nlines") });
    const program = withPlainErrors(async () => "outputs");
    assert.deepEqual([await program(), await program()], ["outputs", "outputs"]);
    const [first, second] = process.listeners("unhandledRejection");
    assert.notEqual(first, second);
    first(error, Promise.resolve());
    assert.deepEqual([error.message, error.stack, error.cause], ["two\nlines", `Error: two\nlines\n${frames[0]}`, cause]);
    assert.equal(cause.stack, `Error: cause\n${frames[0]}`);
  });
});

async function failureOf(options: RunOptions): Promise<ProgramFailure> {
  const failure: unknown = await runProgram(options).catch((error: unknown) => error);
  assert.ok(failure instanceof ProgramFailure, String(failure));
  return failure;
}
