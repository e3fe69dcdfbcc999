/**
 * Waits for an answer, but no longer than a time.
 *
 * @throws Error named TimeoutError when the answer takes too long, whatever it waits for
 */
export function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(Object.assign(new Error(`no answer within ${milliseconds} ms`), { name: "TimeoutError" }));
    const timer = setTimeout(late, milliseconds);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
