import * as assert from "node:assert/strict";
import { connectionHelp, deniedPermissions } from "../../local/run";

describe("what --keep prints", () => {
  const account = { endpoint: "http://127.0.0.1:1", region: "r", accountId: "1", stack: "local" };
  const endpoint = { ...account, accessKeyId: "AKIA1", secretAccessKey: "hush" };

  it("names address, region, file and tenant, and no key", () => {
    const text = connectionHelp(endpoint, '.local/"1"/endpoint.json', "acme").join("\n");
    for (const part of ["http://127.0.0.1:1 in r", 'open(".local/\\"1\\"/endpoint.json")', '["tenants"]["acme"]["producer"]'])
      assert.ok(text.includes(part), text);
    assert.doesNotMatch(text, /hush|AKIA1/);
  });

  it("names the command that runs the pipeline again", () => {
    const [first] = connectionHelp(endpoint, "e.json", "acme");
    assert.equal(first, "npm run pipeline -- --stack local --tenant acme runs the pipeline again.");
  });
});

describe("denied permissions", () => {
  const log = (action: string, decision: string) => ({
    principal: "role/a",
    action,
    resource: "*",
    decision,
    reason: "no policy allows it",
  });
  const denied = (...decisions: object[]) =>
    deniedPermissions({
      replay: async function* () {
        yield* decisions as Record<string, unknown>[];
      },
    });

  it("are none when all was allowed, or nothing was asked", async () => {
    assert.deepEqual(await denied(), []);
    assert.deepEqual(await denied(log("s3:GetObject", "allow")), []);
  });

  it("are named with who lacks them, the most frequent first", async () => {
    const deny = ["s3:PutObject", "personalize:PutEvents", "personalize:PutEvents"].map((action) => log(action, "deny"));
    const examples = [
      "role/a may not personalize:PutEvents on *: no policy allows it (2 times)",
      "role/a may not s3:PutObject on *: no policy allows it (1 times)",
    ];
    const expected = [{ check: "permissions.denied", expected: 0, actual: 3, examples }];
    assert.deepEqual(await denied(...deny, log("kinesis:GetRecords", "allow")), expected);
  });
});
