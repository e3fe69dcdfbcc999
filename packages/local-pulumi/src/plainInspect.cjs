"use strict";
// Node 20's util.inspect with colours never ends on a stack frame whose path is node_modules/@scope/file.
// The program runner inspects every error with colours: preloaded, this turns them off.
const util = require("node:util");

const { inspect } = util;
util.inspect = Object.assign(
  (value, options, ...rest) =>
    inspect(value, options !== null && typeof options === "object" ? { ...options, colors: false } : options, ...rest),
  inspect,
);
