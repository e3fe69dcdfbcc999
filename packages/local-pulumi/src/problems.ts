import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** Why a run failed. */
export interface Problem {
  /** One line. */
  message: string;
  /** Stack of a programming error. */
  stack?: string;
}

/** A program failed. `message` has one line per problem. */
export class ProgramFailure extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join("\n"));
    this.name = "ProgramFailure";
  }
}

/** Collects the problems of a run. The run fails when there is any. */
export class Problems {
  readonly list: Problem[] = [];

  /** @param onFirst called once, when the first problem is added */
  constructor(private readonly onFirst: () => void) {}

  /** Adds a problem, unless one with the same message is there. */
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
const TYPESCRIPT_ERROR = /^(TSError: )?⨯ /;
/** A syntax error as swc prints it: the message, a line with the place, an excerpt. */
const SWC_ERROR = /^Error:\s+x (?<what>[^\n]+)\n\s*,-\[(?<file>[^\n]+):(?<line>\d+):\d+\]/;

/**
 * Reads a message that the program runner logged.
 *
 * An `Error` that the program itself threw becomes its message, a syntax error its message and place. Any other error (a TypeError, an
 * error from a library) is a programming error: it gets the program's line, and keeps its stack.
 *
 * @param logged the runner's text: a message, or a header and an inspected error
 * @param programDir absolute path of the program, to find its line in the stack
 */
export function readProblem(logged: string, programDir: string): Problem {
  const text = stripVTControlCharacters(logged).trim();
  const error = text.replace(UNHANDLED, "");
  const syntax = SWC_ERROR.exec(error)?.groups;
  if (syntax) return { message: `${relative(programDir, syntax.file)}:${syntax.line}: ${syntax.what}` };
  const end = error.search(/\n\s+at /);
  const title = oneLine((end < 0 ? error : error.slice(0, end)).replace(TYPESCRIPT_ERROR, ""));
  const message = title.replace(PLAIN_ERROR, "");
  if (error === text || end < 0 || TYPESCRIPT_ERROR.test(error)) return { message };
  const frames = error.slice(end + 1).split("\n");
  const own = frames.findIndex((frame) => frame.includes(`${programDir}/`) && !frame.includes("node_modules"));
  if (own === 0 && message !== title) return { message };
  if (own < 0) return { message, stack: error };
  const line = frames[own].slice(frames[own].indexOf(`${programDir}/`) + programDir.length + 1).replace(/\)$/, "");
  return { message: `${message} (at ${line})`, stack: error };
}
