const START = "Traceback (most recent call last):";

/** Reads what a Python prints to its error output, line by line, and finds the exception of the last traceback: its class and message. */
export function lastError(): { read(line: string): void; text(): string | undefined } {
  let inside = false;
  let found: string | undefined;
  return {
    read: (line) => {
      if (line === START) inside = true;
      else if (inside && /^\S/.test(line)) {
        found = line;
        inside = false;
      }
    },
    text: () => found,
  };
}
