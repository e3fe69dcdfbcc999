"use strict";
// Loads at their first use what most programs never use: npm's dependency resolver, which packs the dependencies of
// aws.lambda.CallbackFunction, OpenTelemetry's exporters, Pulumi's automation API, and the 250 namespaces of the AWS provider.
// Together they are about 900 modules.
const Module = require("node:module");

const LAZY = [
  { parent: /[\\/]@pulumi[\\/]pulumi[\\/]/, request: /^@npmcli\/arborist$|^@opentelemetry\/(?!api$)|^\.\/automation$/ },
  { parent: /[\\/]@pulumi[\\/]aws[\\/]index\.js$/, request: /^\.\/(?!(?:provider|tags|utils|utilities)$)[a-z\d]+$/ },
];

const load = Module._load;
Module._load = (request, parent, ...rest) => {
  const importer = parent?.filename ?? "";
  if (!LAZY.some((lazy) => lazy.request.test(request) && lazy.parent.test(importer))) return load(request, parent, ...rest);
  const get = (_target, name) => (name === "__esModule" ? true : load(request, parent, ...rest)[name]);
  return new Proxy({}, { get });
};
