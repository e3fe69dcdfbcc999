export { type PreviewedResource, type PreviewOptions, previewStack } from "./preview";
export { type Problem, ProgramFailure } from "./problems";
export { FunctionError, type Provider, type Resource } from "./resources";
export { type Deployment, type RunOptions, runProgram } from "./run";
export type { OnLog } from "./services";
export { readStack, type ReadOptions, type Stack, StackError } from "./stack";
export { disclose, isObject, type Json, UNKNOWN } from "./wire";
