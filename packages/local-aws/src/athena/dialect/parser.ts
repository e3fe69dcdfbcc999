import { setFlagsFromString } from "node:v8";
import * as polyglot from "@polyglot-sql/sdk";

// The parser is one large WebAssembly module: to optimise it takes five seconds of CPU and stops everything meanwhile; as the
// baseline compiler leaves it, it parses a statement in a few milliseconds.
setFlagsFromString("--liftoff-only");

let started: Promise<unknown> | undefined;

/** The parser, ready for use. */
export async function parser(): Promise<typeof polyglot> {
  await (started ??= polyglot.init());
  return polyglot;
}
