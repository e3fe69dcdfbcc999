/**
 * Reads a required environment variable.
 *
 * @param functionName named in the error
 * @throws Error when the variable is not set or empty
 */
export function environment(functionName: string, name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${functionName}: environment variable ${name} must be set`);
  return value;
}

/**
 * An error that the pipeline recognizes by its name.
 *
 * @param message what is wrong, and with which object
 */
export function failure(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
