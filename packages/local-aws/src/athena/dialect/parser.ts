import { setFlagsFromString } from "node:v8";
import type * as polyglot from "@polyglot-sql/sdk";

let loading: Promise<typeof polyglot> | undefined;

/** The parser, loaded at first use. */
export function parser(): Promise<typeof polyglot> {
  return (loading ??= load());
}

async function load(): Promise<typeof polyglot> {
  // The parser is one large WebAssembly module. Optimizing it blocks the process for five seconds;
  // with the baseline compiler alone, it parses a statement in a few milliseconds.
  setFlagsFromString("--liftoff-only");
  const sdk = await import("@polyglot-sql/sdk");
  await sdk.init();
  return sdk;
}
