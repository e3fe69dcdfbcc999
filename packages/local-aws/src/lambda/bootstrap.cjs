"use strict";
// Runs one execution environment of a function: loads its handler, then answers one invocation after the other over IPC.
const { existsSync } = require("node:fs");
const { resolve, sep } = require("node:path");
const { pathToFileURL } = require("node:url");
const { format } = require("node:util");

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const { LAMBDA_TASK_ROOT: taskRoot, _HANDLER: handlerName, AWS_EXECUTION_ENV: executionEnv } = process.env;
const generation = Number(/nodejs(\d+)/.exec(executionEnv)?.[1]);

// The channel belongs to the runtime: the function's code must neither see it nor outlive its other end.
const send = process.send.bind(process);
process.send = undefined;
process.on("disconnect", () => process.exit(1));

let requestId;

function describe(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: format(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

function named(errorType, errorMessage) {
  return { errorType, errorMessage, trace: [`${errorType}: ${errorMessage}`] };
}

function patchConsole() {
  const json = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
  const least = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL ?? "TRACE");
  const methods = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };
  for (const [method, level] of Object.entries(methods)) {
    console[method] = (...parts) => {
      if (LEVELS.indexOf(level) >= least) process.stdout.write(`${json ? jsonLine(level, parts) : textLine(level, parts)}\n`);
    };
  }
}

function textLine(level, parts) {
  return [new Date().toISOString(), requestId, level, format(...parts).replaceAll("\n", "\r")].join("\t");
}

function jsonLine(level, parts) {
  const error = parts.find((part) => part instanceof Error);
  const { errorType, errorMessage, trace: stackTrace } = error ? describe(error) : {};
  const message = parts.length === 1 && !error ? parts[0] : format(...parts);
  return JSON.stringify({ timestamp: new Date().toISOString(), level, requestId, message, errorType, errorMessage, stackTrace });
}

async function load() {
  const [, folder, module, member] = /^(.*\/)?([^/.]+)\.(.+)$/.exec(handlerName) ?? [];
  if (module === undefined) throw named("Runtime.MalformedHandlerName", `Bad handler ${handlerName}`);
  const path = resolve(taskRoot, folder ?? "", module);
  if (!path.startsWith(taskRoot + sep)) throw named("Runtime.MalformedHandlerName", `Bad handler ${handlerName}`);
  const file = [".js", ".mjs", ".cjs"].map((extension) => path + extension).find((candidate) => existsSync(candidate));
  if (file === undefined) throw named("Runtime.ImportModuleError", `Error: Cannot find module '${module}'`);
  const exported = file.endsWith(".mjs") ? await import(pathToFileURL(file).href) : loadCommonJs(file);
  const handler = member.split(".").reduce((value, key) => value?.[key], exported);
  if (typeof handler !== "function") throw named("Runtime.HandlerNotFound", `${handlerName} is undefined or not exported`);
  if (generation >= 24 && handler.length > 2) {
    throw named(
      "Runtime.CallbackHandlerDeprecated",
      `${executionEnv} takes no handler with a callback parameter: ${handlerName} must have at most 2`,
    );
  }
  return handler;
}

function loadCommonJs(file) {
  try {
    return require(file);
  } catch (error) {
    if (error instanceof SyntaxError) throw named("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`);
    if (error?.code === "MODULE_NOT_FOUND") throw named("Runtime.ImportModuleError", `Error: ${error.message}`);
    throw error;
  }
}

function contextOf({ id, deadline, arn, logStream }) {
  const { AWS_LAMBDA_FUNCTION_NAME, AWS_LAMBDA_FUNCTION_VERSION, AWS_LAMBDA_FUNCTION_MEMORY_SIZE, AWS_LAMBDA_LOG_GROUP_NAME } = process.env;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: logStream,
    invokedFunctionArn: arn,
    awsRequestId: id,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function call(handler, event, context) {
  if (handler.length < 3) return handler(event, context);
  return new Promise((ok, fail) => {
    const returned = handler(event, context, (error, result) => (error ? fail(error) : ok(result)));
    if (typeof returned?.then === "function") returned.then(ok, fail);
  });
}

function die(type, error, code) {
  const { errorType, errorMessage, trace } = describe(error);
  const described = { errorType: type ?? errorType, errorMessage: type ? `${errorType}: ${errorMessage}` : errorMessage, trace };
  console.error(error);
  send({ type: "crashed", error: described }, () => process.exit(code));
}

async function answer(handler, message) {
  requestId = message.id;
  try {
    const result = await call(handler, JSON.parse(message.event), contextOf(message));
    send({ type: "done", id: message.id, result: JSON.stringify(result) ?? "null" });
  } catch (error) {
    console.error("Invoke Error", error);
    send({ type: "failed", id: message.id, error: describe(error) });
  }
}

patchConsole();
process.on("uncaughtException", (error) => die(undefined, error, 129));
process.on("unhandledRejection", (error) => die("Runtime.UnhandledPromiseRejection", error, 128));

load().then(
  (handler) => {
    process.on("message", (message) => void answer(handler, message));
    send({ type: "ready" });
  },
  (error) => {
    const described = error.trace ? error : describe(error);
    console.error("Init Error", described);
    send({ type: "initFailed", error: described }, () => process.exit(1));
  },
);
