"use strict";
const { existsSync } = require("node:fs");

// The SDK's releases are pinned: which Node later ones need does not matter to a test.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

// Mocha adds `spec` to the files on the command line, so it is for runs without any.
const isFile = (argument, i, all) => (argument.endsWith(".ts") || existsSync(argument)) && !["-r", "--require"].includes(all[i - 1]);
const named = process.argv.slice(2).some(isFile);

module.exports = {
  require: ["ts-node/register"],
  extension: ["ts"],
  recursive: true,
  // Programs that run in the test's process leave much behind: with more room for new objects, less of it is copied.
  "node-option": ["max-semi-space-size=64"],
  ...(!named && { spec: ["tests/**/*.test.ts", "packages/*/tests/**/*.test.ts"] }),
  // Ends a test that hangs. It is no measure of speed: the longest test takes half a minute on an idle core.
  timeout: 300_000,
  slow: 5_000,
  reporter: "dot",
  forbidOnly: true,
};
