"use strict";
// Pulumi takes a stack for every promise, to name the leaked ones if PULUMI_DEBUG_PROMISE_LEAKS is set, which the runner never sets.
// Mapping their frames to TypeScript takes half of a large program's CPU: preloaded, this leaves the frames out.
const debuggable = require("@pulumi/pulumi/runtime/debuggable");

const { debuggablePromise } = debuggable;
debuggable.debuggablePromise = (...args) => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return debuggablePromise(...args);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};
