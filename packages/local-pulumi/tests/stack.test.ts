import * as assert from "node:assert/strict";
import { readStack } from "../src/stack";
import { writeProgram } from "../testing/program";

const WITHOUT_FILE = { accepts: (stack: string) => stack === "ann2", rule: "only ann2 may do without one" };

async function read(files: Record<string, string>, stack = "dev", overrides: string[] = []) {
  const program = writeProgram("", files);
  try {
    return { ...(await readStack(program.programDir, stack, { overrides, withoutFile: WITHOUT_FILE })), expectedDir: program.programDir };
  } catch (error) {
    const { name, message } = error as Error;
    assert.equal(name, "StackError", message);
    return message.replaceAll(`${program.programDir}/`, "");
  } finally {
    program.remove();
  }
}

const PROJECT = "name: shop\nruntime:\n  name: nodejs\n  options:\n    typescript: true\nconfig:\n";

describe("the files of a stack", () => {
  it("reads the project's defaults and the stack's values, structured ones as JSON", async () => {
    const stack = await read({
      "Pulumi.yaml": `${PROJECT}  aws:region:\n    value: eu-west-1\n  colour:\n    default: red\n    description: of the door\n  size: 3\n`,
      "Pulumi.dev.yaml":
        "encryptionsalt: v1:abc\nconfig:\n  shop:delivery:\n    intervalSeconds: 60\n    parts: [a, 1.5]\n  size: 4\n  shop:on: true\n  aws:account: '0123'\n",
    });
    assert.ok(typeof stack === "object");
    const { expectedDir, ...settings } = stack;
    assert.deepEqual(settings, {
      programDir: expectedDir,
      project: "shop",
      stack: "dev",
      typescript: true,
      config: {
        "aws:region": "eu-west-1",
        "shop:colour": "red",
        "shop:size": "4",
        "shop:delivery": '{"intervalSeconds":60,"parts":["a",1.5]}',
        "shop:on": "true",
        "aws:account": "0123",
      },
    });
  });

  it("takes a list of the stack in place of the project's, as a whole", async () => {
    const files = { "Pulumi.yaml": `${PROJECT}  shop:parts:\n    value: [a, b]\n` };
    const parts = async (file: string) => {
      const stack = await read({ ...files, "Pulumi.dev.yaml": file });
      return typeof stack === "object" && stack.config["shop:parts"];
    };
    assert.deepEqual([await parts("config: {}\n"), await parts("config:\n  shop:parts: [c]\n")], ['["a","b"]', '["c"]']);
  });

  it("sets values from the command line last, within objects too", async () => {
    const stack = await read({ "Pulumi.dev.yaml": "config:\n  shop:delivery:\n    intervalSeconds: 60\n" }, "dev", [
      "delivery.intervalSeconds=5",
      "shop:delivery.name=a=b",
      "recommender.existing.trackingId=t-1",
      "aws:region=us-east-1",
      "empty=",
    ]);
    assert.deepEqual(typeof stack === "object" && stack.config, {
      "aws:region": "us-east-1",
      "shop:delivery": '{"intervalSeconds":5,"name":"a=b"}',
      "shop:recommender": '{"existing":{"trackingId":"t-1"}}',
      "shop:empty": "",
    });
  });

  it("reads a stack without a file where the rule accepts its name", async () => {
    const stack = await read({}, "ann2");
    assert.deepEqual(typeof stack === "object" && [stack.stack, stack.config], ["ann2", { "aws:region": "ap-southeast-1" }]);
  });

  const refused: [title: string, files: Record<string, string>, message: string | RegExp, stack?: string, overrides?: string[]][] = [
    ["an unknown stack", {}, `stack "Prod": there is no Pulumi.Prod.yaml, and only ann2 may do without one`, "Prod"],
    ["a name that leads elsewhere", {}, `stack "../dev": there is no Pulumi.../dev.yaml, and only ann2 may do without one`, "../dev"],
    [
      "an encrypted value, without showing it",
      { "Pulumi.dev.yaml": "config:\n  shop:token:\n    secure: AAAB\n" },
      "config shop:token is encrypted (secure:), which is not supported: use a plain value",
    ],
    [
      "an encrypted value within an object",
      { "Pulumi.dev.yaml": "config:\n  shop:db:\n    users:\n      - secure: AAAB\n" },
      "config shop:db.users.0 is encrypted (secure:), which is not supported: use a plain value",
    ],
    ["a key without value", { "Pulumi.dev.yaml": "config:\n  shop:db:\n" }, "config shop:db has no value"],
    ["a file that is not YAML", { "Pulumi.dev.yaml": "config: [\n" }, /^Pulumi\.dev\.yaml: Flow sequence in block collection must/],
    ["a list as config", { "Pulumi.dev.yaml": "config: [1]\n" }, "Pulumi.dev.yaml: config must be an object, got [1]"],
    ["an environment", { "Pulumi.dev.yaml": "environment: [x]\n" }, "Pulumi.dev.yaml: unknown setting environment"],
    ["another runtime", { "Pulumi.yaml": "name: shop\nruntime: python\n" }, 'Pulumi.yaml: runtime must be an object, got "python"'],
    ["another runtime in full", { "Pulumi.yaml": "name: shop\nruntime: {name: go}\n" }, 'Pulumi.yaml: runtime must be nodejs, got "go"'],
    [
      "a runtime option",
      { "Pulumi.yaml": "name: shop\nruntime: {name: nodejs, options: {nodeargs: -v}}\n" },
      "Pulumi.yaml: unknown setting runtime.options.nodeargs",
    ],
    ["a typed key", { "Pulumi.yaml": `${PROJECT}  size: {type: integer}\n` }, "Pulumi.yaml: config size: unknown member type"],
    [
      "a key with value and default",
      { "Pulumi.yaml": `${PROJECT}  size: {value: 1, default: 2}\n` },
      "Pulumi.yaml: config size: value and default exclude each other",
    ],
    [
      "a default in another namespace",
      { "Pulumi.yaml": `${PROJECT}  aws:region: {default: eu-west-1}\n` },
      "Pulumi.yaml: config aws:region: a key of another namespace takes value instead of default",
    ],
    ["a nameless project", { "Pulumi.yaml": "runtime: nodejs\n" }, "Pulumi.yaml: name must be a string, got undefined"],
    ["an override without value", {}, '--config must be key=value, got "size"', "dev", ["size"]],
    [
      "an item of a list",
      {},
      "--config parts[0]: an item of a list cannot be set; give the whole list as JSON",
      "dev",
      ["parts[0].name=a"],
    ],
    ["a member of a text", {}, "--config shop:size.x: shop:size is not an object", "dev", ["size=3", "size.x=1"]],
  ];
  for (const [title, files, message, stack, overrides] of refused) {
    it(`refuses ${title}`, async () => {
      const refusal = await read(files, stack, overrides);
      assert.ok(typeof refusal === "string", "it must be refused");
      if (typeof message === "string") assert.equal(refusal, message);
      else assert.match(refusal, message);
    });
  }
});
