import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PreviewedResource, previewStack } from "../src/preview";
import { readStack } from "../src/stack";
import { PRELUDE, TestProvider, writeProgram } from "../testing";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("a preview", () => {
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
      const previewed = await previewStack(await readStack(program.programDir, "dev"), {
        provider: new TestProvider(),
        documents: ["policy"],
      });
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
});
