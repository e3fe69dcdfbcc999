export { runInProcess } from "./inProcess";
export { PRELUDE, TestProvider, writeProgram } from "./program";
