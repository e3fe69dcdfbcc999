import { createRequire } from "node:module";

/** asl-validator has no types. */
const validate = createRequire(__filename)("asl-validator") as (definition: object) => { isValid: boolean; errorsText: () => string };

/** What is wrong with a definition in the Amazon States Language; an empty text when it is valid. */
export function aslProblems(definition: object): string {
  const { isValid, errorsText } = validate(JSON.parse(JSON.stringify(definition)) as object);
  return isValid ? "" : errorsText();
}
