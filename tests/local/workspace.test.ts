import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../cli/shared/command";
import { readEndpoint, Workspace } from "../../local/workspace";

describe("the .local folder", () => {
  let parent: string;
  let folder: string;
  let notes: string[];
  const open = (): Workspace => Workspace.open(folder, (line) => notes.push(line));
  const put = (name: string, content = "x"): void => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "c360-workspace-"));
    folder = join(parent, ".local");
    notes = [];
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it("is made, locked with the process id, and given back", () => {
    const workspace = open();
    assert.equal(readFileSync(join(folder, "lock"), "utf8"), `${process.pid}\n`);
    assert.deepEqual(readdirSync(folder).sort(), ["lock", "state", "version"]);
    assert.equal(workspace.stateDir, join(folder, "state"));
    assert.equal(workspace.reportFile, join(folder, "report.json"));
    workspace.close();
    assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
    assert.deepEqual(notes, []);
  });

  it("refuses a second run beside the first, which keeps what it has", () => {
    const first = open();
    writeFileSync(join(first.stateDir, "kept"), "x");
    assert.throws(open, (error: Error) => error instanceof UsageError && error.message.includes(`(pid ${process.pid}, `));
    assert.ok(existsSync(join(first.stateDir, "kept")) && existsSync(join(folder, "lock")));
    assert.deepEqual(readdirSync(folder).sort(), ["lock", "state", "version"]);
    first.close();
    open().close();
  });

  it("takes over the lock of a dead process, and one that holds no process id", () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    for (const content of [`${pid}\n`, "", "garbage"]) {
      put("lock", content);
      const workspace = open();
      assert.equal(readFileSync(join(folder, "lock"), "utf8"), `${process.pid}\n`);
      workspace.close();
    }
    assert.deepEqual(readdirSync(folder).sort(), ["state", "version"]);
  });

  it("clears the state of the run before, and keeps the Python environment and what it does not know", () => {
    open().close();
    for (const name of ["state/s3/x", "report.json", "endpoint.json", "venv/pyvenv.cfg", "mine.txt"]) put(name);
    open().close();
    assert.deepEqual(readdirSync(folder).sort(), ["mine.txt", "state", "venv", "version"]);
    assert.deepEqual(readdirSync(join(folder, "state")), []);
    assert.deepEqual(notes, []);
  });

  for (const version of ["0", undefined]) {
    it(`says in one line what it removes of version ${version ?? "none"}`, () => {
      for (const name of ["state/x", "report.json", "mine.txt"]) put(name);
      if (version !== undefined) put("version", version);
      open().close();
      assert.deepEqual(readdirSync(folder).sort(), ["mine.txt", "state", "version"]);
      const removed = version === undefined ? "state, report.json" : "state, report.json, version";
      assert.deepEqual(notes, [`${folder} has version ${version ?? "none"}, not 1: removed ${removed}`]);
    });
  }

  it("tells where the cloud is to this user alone", () => {
    const workspace = open();
    const endpoint = {
      endpoint: "http://127.0.0.1:1",
      region: "r",
      accountId: "1",
      stack: "local",
      accessKeyId: "A",
      secretAccessKey: "S",
    };
    workspace.writeEndpoint(endpoint);
    const file = join(folder, "endpoint.json");
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { ...endpoint, pid: process.pid });
    const tenants = { acme: { producer: { accessKeyId: "P", secretAccessKey: "S" }, streamName: "s", stateMachineArn: "m" } };
    workspace.writeEndpoint({ ...endpoint, tenants });
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { ...endpoint, tenants, pid: process.pid });
    assert.deepEqual(readEndpoint(folder), { ...endpoint, tenants, pid: process.pid });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder).sort(), ["endpoint.json", "lock", "state", "version"]);
    workspace.close();
    assert.equal(existsSync(file), false);
    assert.equal(readEndpoint(folder), undefined);
  });
});
