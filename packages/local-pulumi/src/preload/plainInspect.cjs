"use strict";
// The program runner inspects every error with colors. With colors, Node 20's util.inspect never ends on a stack frame whose path is
// node_modules/@scope/file (https://github.com/nodejs/node/issues/64011).
const util = require("node:util");

const { inspect } = util;
util.inspect = Object.assign(
  (value, options, ...rest) =>
    inspect(value, options !== null && typeof options === "object" ? { ...options, colors: false } : options, ...rest),
  inspect,
);
