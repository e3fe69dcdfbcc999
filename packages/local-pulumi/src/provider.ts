import type { Json } from "./wire";

/** The cloud that a program deploys to. Values are plain: no wrapped secrets, no unknowns; assets and archives in wire form. */
export interface Provider {
  /**
   * Refuses unknown types and inputs, and invalid values, before anything is created.
   *
   * @param inputs values that are not known yet are `undefined`
   * @throws Error naming the type or the input
   */
  check(type: string, inputs: Json): void;
  /** @returns the id, and the outputs beside the inputs */
  create(type: string, inputs: Json, urn: string): Promise<{ id: string; state: Json }>;
  /**
   * Answers a function call.
   *
   * @param token for example `aws:index/getRegion:getRegion`
   * @throws FunctionError as the function's answer, which the program may catch; any other Error ends the run
   */
  invoke(token: string, args: Json): Json | Promise<Json>;
}

/** An error that a function answers with. */
export class FunctionError extends Error {
  override name = "FunctionError";
}
