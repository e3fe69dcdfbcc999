export { type OnLog } from "./engineLog";
export { type PreviewedResource, previewStack } from "./preview";
export { ProgramFailure } from "./problems";
export { FunctionError, type Provider } from "./provider";
export { type Resource } from "./resources";
export { type Deployment, runProgram } from "./run";
export { type Stack, readStack } from "./stack";
export { UNKNOWN, disclose, isObject, type Json } from "./wire";
