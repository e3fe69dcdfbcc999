import { setFlagsFromString } from "node:v8";
import type * as polyglot from "@polyglot-sql/sdk";

let loading: Promise<typeof polyglot> | undefined;

/** The parser, loaded at first use. */
export function parser(): Promise<typeof polyglot> {
  return (loading ??= load());
}

async function load(): Promise<typeof polyglot> {
  // The parser is one large WebAssembly module. To optimize it takes five seconds of CPU and stops everything meanwhile;
  // as the baseline compiler leaves it, it parses a statement in a few milliseconds.
  setFlagsFromString("--liftoff-only");
  const sdk = await import("@polyglot-sql/sdk");
  await sdk.init();
  return sdk;
}
