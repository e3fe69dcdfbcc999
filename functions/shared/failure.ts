/**
 * An error that the pipeline tells apart by its name.
 *
 * @param message says what is wrong, and with which object
 */
export function failure(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
