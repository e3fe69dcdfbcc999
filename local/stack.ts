import { readStack, type Stack } from "@c360/local-pulumi";
import { RESERVED_STAGES, STAGE_PATTERN } from "../components/shared/naming";

const PERSONAL_STAGE = {
  accepts: (stack: string): boolean => STAGE_PATTERN.test(stack) && !RESERVED_STAGES.includes(stack),
  rule: `a personal stage's name must match ${STAGE_PATTERN.source} and be none of ${RESERVED_STAGES.join(", ")}`,
};

/**
 * Reads a stack of the program. A name without a stack file is a personal stage, with the defaults, where it fits the stage pattern.
 *
 * @param programDir absolute path of the Pulumi program
 * @param overrides `key=value`, set last. @default none
 * @throws StackError of one line
 */
export function readProgramStack(programDir: string, name: string, overrides: readonly string[] = []): Promise<Stack> {
  return readStack(programDir, name, { overrides, withoutFile: PERSONAL_STAGE });
}
