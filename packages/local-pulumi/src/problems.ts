import { stripVTControlCharacters } from "node:util";

/** Why a run failed. */
export interface Problem {
  /** One line. */
  message: string;
  /** The stack of a programming error. */
  stack?: string;
}

/** A program that failed; `message` has one line a problem. */
export class ProgramFailure extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.name = "ProgramFailure";
  }
}

/** Collects why a run failed; the run fails when there is any. */
export class Problems {
  readonly list: Problem[] = [];

  /** @param onFirst called once, when the first problem is added */
  constructor(private readonly onFirst: () => void) {}

  add(problem: Problem): void {
    if (this.list.some(({ message }) => message === problem.message)) return;
    if (this.list.push(problem) === 1) this.onFirst();
  }

  get any(): boolean {
    return this.list.length > 0;
  }
}

/** Puts a text on one line. */
export function oneLine(text: string): string {
  return text
    .trim()
    .split(/\s*\n\s*/)
    .join(" ");
}

const UNHANDLED = /^Running program '.*' failed with an unhandled exception:\n(<ref \*\d+> )?/;
const PLAIN_ERROR = /^(Uncaught )?Error: /;
const COMPILER = /^(TSError: )?⨯ /;

/**
 * Reads a message that the program runner logged.
 *
 * An `Error` that the program itself threw becomes its message. Any other one (a TypeError, an error from a library) is
 * a programming error: it gets the program's line, and keeps the stack.
 *
 * @param logged the runner's text: message, or header and inspected error
 * @param programDir absolute path of the program, to find its line in the stack
 */
export function readProblem(logged: string, programDir: string): Problem {
  const text = stripVTControlCharacters(logged).trim();
  const error = text.replace(UNHANDLED, "");
  const end = error.search(/\n\s+at /);
  const said = oneLine((end < 0 ? error : error.slice(0, end)).replace(COMPILER, ""));
  const message = said.replace(PLAIN_ERROR, "");
  if (error === text || end < 0 || COMPILER.test(error)) return { message };
  const frames = error.slice(end + 1).split("\n");
  const own = frames.findIndex((frame) => frame.includes(`${programDir}/`) && !frame.includes("node_modules"));
  if (own === 0 && message !== said) return { message };
  if (own < 0) return { message, stack: error };
  const line = frames[own].slice(frames[own].indexOf(`${programDir}/`) + programDir.length + 1).replace(/\)$/, "");
  return { message: `${message} (at ${line})`, stack: error };
}
