/**
 * Reads an environment variable.
 *
 * @param who names the function in the error
 * @throws Error when it is not set
 */
export function environment(who: string, name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${who}: environment variable ${name} must be set`);
  return value;
}
