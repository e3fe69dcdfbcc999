import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import { parse } from "yaml";
import { config, NAMESPACE } from "./support/settings";

describe("the stack files", () => {
  const root = join(__dirname, "..");
  const read = (file: string) => parse(readFileSync(join(root, file), "utf8")) as { config: Record<string, unknown> };

  for (const file of readdirSync(root).filter((name) => /^Pulumi\..+\.yaml$/.test(name))) {
    it(`${file} is valid`, () => {
      const settings = Object.entries(read(file).config).map(([key, value]) => [key.replace(NAMESPACE, ""), value]);
      const stack = file.split(".")[1];
      const { stage } = config(Object.fromEntries(settings) as Record<string, unknown>, stack);
      assert.equal(stage, stack === "local" ? "dev" : stack);
    });
  }

  it("Pulumi.prod.yaml gives the tenant the plain database name", () => {
    const [{ catalog }] = config({ tenants: read("Pulumi.prod.yaml").config[`${NAMESPACE}tenants`] }, "prod").tenants;
    assert.equal(catalog.database, "crm_derived_restricted");
  });

  it("Pulumi.yaml has defaults for region and tenants", () => {
    const { config: defaults } = read("Pulumi.yaml") as { config: Record<string, { value: unknown }> };
    assert.equal(defaults["aws:region"].value, "ap-southeast-1");
    assert.deepEqual(defaults[`${NAMESPACE}tenants`].value, ["acme"]);
  });
});

describe("the sources", () => {
  const root = join(__dirname, "..");

  it("end their lines in LF, so that every checkout deploys the same bytes", async function () {
    if (!existsSync(join(root, ".git"))) this.skip();
    const tracked = execFileSync("git", ["ls-files", "--eol"], { cwd: root, encoding: "utf8" }).trimEnd().split("\n");
    assert.ok(tracked.length > 300, `${tracked.length} files`);
    assert.deepEqual(
      tracked.filter((line) => /^i\/(crlf|mixed)\s/.test(line) || !/\battr\/text=auto eol=lf\b/.test(line)),
      [],
    );
    const { endOfLine = "lf" } = (await prettier.resolveConfig(join(root, "index.ts"), { editorconfig: true })) ?? {};
    assert.equal(endOfLine, "lf");
  });
});
