export { PRELUDE, TestProvider, writeProgram } from "./program";
