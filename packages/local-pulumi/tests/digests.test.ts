import * as AdmZip from "adm-zip";
import * as assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digest } from "../src/preview";
import { Kind, SIGNATURE } from "../src/wire";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const asset = (members: object) => ({ [SIGNATURE]: Kind.asset, ...members });
const archive = (members: object) => ({ [SIGNATURE]: Kind.archive, ...members });

describe("digests of assets and archives", () => {
  const folder = mkdtempSync(join(tmpdir(), "c360-digests-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("sees the content of a zip file, not its bytes or path", () => {
    for (const [name, time] of Object.entries({ "one.zip": "2020-01-01", "two.zip": "2021-01-01" })) {
      const zip = new AdmZip();
      zip.addFile("lib/a.js", Buffer.from("a")).header.time = new Date(time);
      zip.writeZip(join(folder, name));
    }
    const [one, two] = ["one.zip", "two.zip"].map((path) => digest(archive({ path }), folder));
    assert.deepEqual(one, { "lib/a.js": sha256("a") });
    assert.deepEqual(two, one);
  });

  it("takes texts, files and remote assets", () => {
    writeFileSync(join(folder, "note.txt"), "note");
    const assets = { text: asset({ text: "text" }), file: asset({ path: "note.txt" }), far: asset({ uri: "https://example.com/x" }) };
    assert.deepEqual(digest(archive({ assets }), folder), {
      text: sha256("text"),
      file: sha256("note"),
      far: { uri: "https://example.com/x" },
    });
  });

  it("refuses an archive file that it cannot read into", () => {
    assert.throws(() => digest(archive({ path: "note.txt" }), folder), /^Error: archive .*note\.txt must be a folder or a \.zip file$/);
  });
});
