/** A wrong flag or input: the command ends with exit code 2 before anything starts. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
