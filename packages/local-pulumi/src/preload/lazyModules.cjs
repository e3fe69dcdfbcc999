"use strict";
// The program runner loads npm's dependency resolver and OpenTelemetry's exporters, about 500 modules, and uses them only to pack the
// dependencies of aws.lambda.CallbackFunction, and to trace. This loads them at their first use.
const Module = require("node:module");

const LAZY = /^@npmcli\/arborist$|^@opentelemetry\/(?!api$)/;
const PULUMI = /[\\/]@pulumi[\\/]pulumi[\\/]/;

const load = Module._load;
Module._load = (request, parent, ...rest) => {
  if (!LAZY.test(request) || !PULUMI.test(parent?.filename ?? "")) return load(request, parent, ...rest);
  const get = (_target, name) => (name === "__esModule" ? true : load(request, parent, ...rest)[name]);
  return new Proxy({}, { get });
};
