import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PreviewedResource, previewStack, readStack } from "@c360/local-pulumi";
import { previewCommand } from "../support/previewCommand";
import { PRELUDE, TestProvider, writeProgram } from "@c360/local-pulumi/testing";
import { copyProgram } from "../support/program";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("preview", () => {
  const folder = mkdtempSync(join(tmpdir(), "c360-preview-test-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("shows every resource with its parsed, disclosed inputs", async () => {
    const program = writeProgram(
      `${PRELUDE}
const shelf = new pulumi.ComponentResource("test:shop:Shelf", "shelf", {}, { protect: true });
const b = new Thing("b", {
  size: 2,
  policy: JSON.stringify({ Statement: [{ Action: "s3:GetObject", Effect: "Allow" }] }),
  description: '{"not":"a policy"}',
  password: pulumi.secret("hush"),
  code: new pulumi.asset.AssetArchive({
    "b.js": new pulumi.asset.StringAsset("b"),
    "a.yaml": new pulumi.asset.FileAsset("Pulumi.yaml"),
    lib: new pulumi.asset.FileArchive("lib"),
  }),
}, { parent: shelf });
new Thing("a", { of: b.arn, made: b, list: [b.id, "known"], policy: pulumi.jsonStringify({ Resource: b.arn }) }, { dependsOn: [shelf] });
`,
    );
    try {
      mkdirSync(join(program.programDir, "lib/deep"), { recursive: true });
      writeFileSync(join(program.programDir, "lib/deep/c.js"), "c");
      const previewed = await previewStack(await readStack(program.programDir, "dev"), { provider: new TestProvider() });
      const stack = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev";
      const shelf = "urn:pulumi:dev::shop::test:shop:Shelf::shelf";
      const b = "urn:pulumi:dev::shop::test:shop:Shelf$test:index:Thing::b";
      const expected: PreviewedResource[] = [
        {
          ...{ urn: stack, type: "pulumi:pulumi:Stack", name: "shop-dev", custom: false },
          ...{ parent: null, dependencies: [], protect: false, inputs: {} },
        },
        {
          ...{ urn: "urn:pulumi:dev::shop::test:index:Thing::a", type: "test:index:Thing", name: "a", custom: true },
          ...{ parent: stack, dependencies: [b], protect: false },
          inputs: { list: [null, "known"], made: null, of: null, policy: null },
        },
        {
          ...{ urn: b, type: "test:index:Thing", name: "b", custom: true, parent: shelf, dependencies: [], protect: true },
          inputs: {
            code: {
              "a.yaml": sha256(readFileSync(join(program.programDir, "Pulumi.yaml"), "utf8")),
              "b.js": sha256("b"),
              "lib/deep/c.js": sha256("c"),
            },
            description: '{"not":"a policy"}',
            password: "[secret]",
            policy: { Statement: [{ Action: "s3:GetObject", Effect: "Allow" }] },
            size: 2,
          },
        },
        {
          ...{ urn: shelf, type: "test:shop:Shelf", name: "shelf", custom: false },
          ...{ parent: stack, dependencies: [], protect: true, inputs: {} },
        },
      ];
      assert.deepEqual(
        previewed,
        expected.sort((x, y) => (x.urn < y.urn ? -1 : 1)),
      );
    } finally {
      program.remove();
    }
  });

  it("prints the array of a personal stage without a file of its own", async () => {
    const program = writeProgram(`export const answer = 42;`);
    try {
      const { code, printed, errors } = await previewCommand(["--stack", "ann"], program.programDir);
      assert.deepEqual([code, errors, printed.length], [0, [], 1]);
      assert.deepEqual(
        (JSON.parse(printed[0]) as PreviewedResource[]).map(({ urn }) => urn),
        ["urn:pulumi:ann::shop::pulumi:pulumi:Stack::shop-ann"],
      );
    } finally {
      program.remove();
    }
  });

  it("is the same for a copy of the program at another path, with every policy in full", async () => {
    const copy = join(folder, "copy");
    copyProgram(copy);
    const [here, there] = [join(folder, "here.json"), join(folder, "there.json")];

    const first = await previewCommand(["--stack", "prod", "--json", here]);
    const second = await previewCommand(["--stack", "prod", "--json", there], copy);

    assert.deepEqual([first.errors, first.code, second.errors, second.code], [[], 0, [], 0]);
    const text = readFileSync(here, "utf8");
    assert.equal(readFileSync(there, "utf8"), text);
    const resources = JSON.parse(text) as PreviewedResource[];
    assert.deepEqual(first.printed, [`${resources.length} resources of stack prod: ${here}`]);
    const documents = resources.flatMap(({ inputs }) =>
      [inputs.policy, inputs.assumeRolePolicy].filter((document) => document !== undefined),
    );
    assert.ok(documents.length > 0);
    for (const document of documents) {
      assert.equal(typeof document, "object");
      assert.doesNotMatch(JSON.stringify(document), /null/);
    }
  });

  it("ends with 1 and the program's own line when a setting is wrong", async () => {
    const { code, printed, errors } = await previewCommand(["--stack", "prod", "--config", "stream.shards=0"]);
    assert.deepEqual([code, printed], [1, []]);
    assert.equal(errors.length, 1);
    assert.match(errors[0], /^npm run preview: .*stream\.shards must be .*got 0$/);
  });

  const list = join(folder, "list.json");
  writeFileSync(list, "[]");
  const text = join(folder, "text.json");
  writeFileSync(text, "text\n");
  const wrong: [title: string, args: string[], message: RegExp][] = [
    ["without --stack", [], /^npm run preview: --stack NAME is needed\n/],
    ["with a flag that is unknown", ["--stack", "dev", "--colour"], /Unknown option '--colour'/],
    ["with a stray argument", ["--stack", "dev", "prod"], /Unexpected argument 'prod'/],
    ["for a stack that is unknown", ["--stack", "Prod"], /stack "Prod": there is no Pulumi\.Prod\.yaml/],
    ["for a reserved stage", ["--stack", "aws"], /none of crm, recommender, aws, athena$/],
    ["with --config without a value", ["--stack", "dev", "--config", "stream"], /--config must be key=value, got "stream"$/],
    [
      "with --outputs of no file",
      ["--stack", "dev", "--outputs", "no/such.json"],
      /--outputs must name a file of JSON, got no\/such\.json: ENOENT/,
    ],
    [
      "with --outputs of no JSON",
      ["--stack", "dev", "--outputs", text],
      /--outputs must name a file of JSON, got .*text\.json: Unexpected token .*[^\n]$/,
    ],
    [
      "with --outputs of no object",
      ["--stack", "dev", "--outputs", list],
      /--outputs must name a file with a JSON object, got .*list\.json$/,
    ],
    [
      "with --json in no folder",
      ["--stack", "dev", "--json", "no/such/file.json"],
      /--json must name a file in a folder that exists, got no\//,
    ],
  ];
  for (const [title, args, message] of wrong) {
    it(`ends with 2 ${title}`, async () => {
      const { code, printed, errors } = await previewCommand(args);
      assert.deepEqual([code, printed, errors.length], [2, [], 1]);
      assert.match(errors[0], message);
    });
  }
});
