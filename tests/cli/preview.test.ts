import * as assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PreviewedResource } from "@c360/local-pulumi";
import { previewCommand } from "../support/previewCommand";
import { writeProgram } from "@c360/local-pulumi/testing";
import { copyProgram } from "../support/program";

describe("npm run preview", () => {
  const folder = mkdtempSync(join(tmpdir(), "c360-preview-test-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

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

  it("shows the flags", async () => {
    const { code, printed } = await previewCommand(["--help"]);
    assert.equal(code, 0);
    for (const flag of ["stack", "json", "config", "outputs"]) assert.ok(printed[0].includes(`--${flag} `), flag);
  });

  const list = join(folder, "list.json");
  writeFileSync(list, "[]");
  const text = join(folder, "text.json");
  writeFileSync(text, "text\n");
  const wrong: [title: string, args: string[], message: RegExp][] = [
    ["without --stack", [], /^npm run preview: --stack NAME is needed; npm run preview -- --help lists the flags$/],
    ["with a flag that is unknown", ["--stack", "dev", "--colour"], /Unknown option '--colour'/],
    ["with a stray argument", ["--stack", "dev", "prod"], /Unexpected argument 'prod'/],
    ["for a stack that is unknown", ["--stack", "Prod"], /stack "Prod": there is no Pulumi\.Prod\.yaml/],
    ["for a reserved stage", ["--stack", "aws"], /none of crm, recommender, aws, athena$/],
    ["with --config without a value", ["--stack", "dev", "--config", "stream"], /--config must be key=value, got "stream"$/],
    [
      "with an --outputs file that does not exist",
      ["--stack", "dev", "--outputs", "no/such.json"],
      /--outputs must name a JSON file, got no\/such\.json: ENOENT/,
    ],
    [
      "with an --outputs file that is not JSON",
      ["--stack", "dev", "--outputs", text],
      /--outputs must name a JSON file, got .*text\.json: Unexpected token .*[^\n]$/,
    ],
    [
      "with an --outputs file without an object",
      ["--stack", "dev", "--outputs", list],
      /--outputs must name a file with a JSON object, got .*list\.json$/,
    ],
    [
      "with a --json file in a folder that does not exist",
      ["--stack", "dev", "--json", "no/such/file.json"],
      /--json must name a file that can be written, in a folder that exists, got no\//,
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
