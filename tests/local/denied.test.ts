import * as assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@c360/local-aws";
import { deniedPermissions } from "../../local/denied";

describe("the permissions that a run missed", () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "c360-denied-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const log = (action: string, decision: string) =>
    openStore(folder).append("decisions", { at: 1, principal: "role/a", action, resource: "*", decision, reason: "no policy allows it" });

  it("are none when all was allowed, or nothing was asked", async () => {
    assert.deepEqual(await deniedPermissions(openStore(folder)), []);
    await log("s3:GetObject", "allow");
    assert.deepEqual(await deniedPermissions(openStore(folder)), []);
  });

  it("are named with who missed them, the most frequent first", async () => {
    for (const action of ["s3:PutObject", "personalize:PutEvents", "personalize:PutEvents"]) await log(action, "deny");
    await log("kinesis:GetRecords", "allow");
    const examples = [
      "role/a may not personalize:PutEvents on *: no policy allows it (2 times)",
      "role/a may not s3:PutObject on *: no policy allows it (1 times)",
    ];
    assert.deepEqual(await deniedPermissions(openStore(folder)), [{ check: "permissions.denied", expected: 0, actual: 3, examples }]);
  });
});
