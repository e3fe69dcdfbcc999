import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as prettier from "prettier";
import { parse } from "yaml";
import { readSettings } from "../cli/shared/stack";
import { REPOSITORY } from "./support/program";
import { runStack, stackWith } from "./support/stackResources";

const STAGES = ["dev", "staging", "prod", "alice"];

describe("the stack files", () => {
  const files = readdirSync(REPOSITORY).filter((name) => /^Pulumi\..+\.yaml$/.test(name));
  const read = (file: string) => parse(readFileSync(join(REPOSITORY, file), "utf8")) as { config: Record<string, unknown> };
  let programDir: string;
  beforeEach(() => {
    programDir = mkdtempSync(join(tmpdir(), "c360-stack-files-"));
    for (const file of ["Pulumi.yaml", ...files]) cpSync(join(REPOSITORY, file), join(programDir, file));
  });
  afterEach(() => rmSync(programDir, { recursive: true }));

  /** Replaces lines of the project's or a stack's file. */
  function change(file: string, from: string, to: string): void {
    const path = join(programDir, file);
    const text = readFileSync(path, "utf8");
    assert.ok(text.includes(from), text);
    writeFileSync(path, text.replace(from, to));
  }
  const preview = async (stack: string) => runStack(await stackWith(stack, {}, programDir), { dryRun: true });
  const tenantsOf = async (stack: string) => Object.keys((await preview(stack)).outputs.tenants as object);

  it("have valid settings of their own, but neither tenants nor region, which Pulumi.yaml has for all", async () => {
    assert.deepEqual(files, ["Pulumi.dev.yaml", "Pulumi.local.yaml", "Pulumi.prod.yaml", "Pulumi.staging.yaml"]);
    const { config: shared } = read("Pulumi.yaml") as { config: Record<string, { value: unknown }> };
    assert.deepEqual([shared["aws:region"].value, shared["c360-recommender:tenants"].value], ["ap-southeast-1", ["acme"]]);
    for (const file of files) {
      assert.deepEqual(
        Object.keys(read(file).config).filter((key) => key in shared),
        [],
        file,
      );
      const stack = file.split(".")[1];
      const { stage, tenants } = await readSettings(REPOSITORY, stack);
      assert.deepEqual([stage, tenants.map(({ name }) => name)], [stack === "local" ? "dev" : stack, ["acme"]]);
    }
  });

  it("deploy the tenants of Pulumi.yaml in every stage", async () => {
    change("Pulumi.yaml", "      - acme\n", "      - globex\n");
    for (const stage of STAGES) assert.deepEqual(await tenantsOf(stage), ["globex"], stage);
  });

  it("deploy a second tenant in every stage; prod first wants to know whose the plain database is", async () => {
    change("Pulumi.yaml", "      - acme\n", "      - acme\n      - globex\n");
    for (const stage of STAGES.filter((stage) => stage !== "prod")) assert.deepEqual(await tenantsOf(stage), ["acme", "globex"], stage);
    await assert.rejects(preview("prod"), {
      message:
        'config c360-recommender:database must be different for every tenant and use, got "crm_derived_restricted" for acme and globex; ' +
        "set it for one of them in tenants",
    });
    const plain = "  c360-recommender:database: crm_derived_restricted\n";
    const list = "  c360-recommender:tenants: [{ name: acme, database: crm_derived_restricted }, globex]\n";
    change("Pulumi.prod.yaml", plain, list);
    const { get } = await preview("prod");
    const database = (tenant: string) => get("aws:glue/catalogDatabase:CatalogDatabase", `${tenant}-catalog-database`).inputs.name;
    assert.deepEqual([database("acme"), database("globex")], ["crm_derived_restricted", "globex_crm_derived_restricted"]);
  });

  it("give the region of Pulumi.yaml to every stage", async () => {
    change("Pulumi.yaml", "value: ap-southeast-1", "value: eu-west-1");
    for (const stage of STAGES) assert.equal((await stackWith(stage, {}, programDir)).config["aws:region"], "eu-west-1", stage);
  });

  it("refuse a misspelt namespace and a flat key in every command, before anything runs", async () => {
    const refused = (line: string, message: RegExp) => {
      writeFileSync(join(programDir, "Pulumi.dev.yaml"), `config:\n  ${line}\n`);
      return Promise.all([
        assert.rejects(preview("dev"), { message }),
        assert.rejects(readSettings(programDir, "dev"), { name: "UsageError", message }),
      ]);
    };
    await refused("c360-recomender:tenants: [acme]", /^config c360-recomender:tenants must be in the namespace c360-recommender /);
    await refused(
      "c360-recommender:stream.shards: '2'",
      /^config c360-recommender:stream\.shards is one flat key, .* --path .* '2' -s dev$/,
    );
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
