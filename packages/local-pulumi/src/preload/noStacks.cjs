"use strict";
// Pulumi takes a stack for every promise, to name the leaked ones if PULUMI_DEBUG_PROMISE_LEAKS is set, and for every resource, to tell
// the engine its source line. Nothing here reads them, and mapping their frames to TypeScript takes half of a large program's CPU time.
const debuggable = require("@pulumi/pulumi/runtime/debuggable");
const { Resource } = require("@pulumi/pulumi/resource");

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

Resource.callsites = () => [];
