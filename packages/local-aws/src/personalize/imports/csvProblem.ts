const SHOWN_CHARACTERS = 300;

/** What DuckDB says of a file that it cannot read, and what the file must be instead. */
const PROBLEMS: [pattern: RegExp, tell: (found: RegExpExecArray) => string][] = [
  [/Expected Number of Columns: (\d+) Found: (\d+)/, ([, expected, found]) => `have ${expected} values, as the header does, got ${found}`],
  [/unterminated quote/, () => "close its quotes"],
  [/Invalid unicode/, () => "be UTF-8"],
  [/Maximum line size/, () => "be shorter: it is over 2 MB"],
];

/**
 * Why a file is no CSV, in the words of a failure reason.
 *
 * @param message of DuckDB's error
 */
export function csvProblem(message: string): string {
  const [, number] = /CSV Error on Line: (\d+)/.exec(message) ?? [];
  const line = number === undefined ? "it" : `line ${number}`;
  for (const [pattern, tell] of PROBLEMS) {
    const found = pattern.exec(message);
    if (found) return `${line} must ${tell(found)}.`;
  }
  return `${line} must be CSV, with line ends of one kind.`;
}

/** A text of the file, cut to what a reason can show. */
export function excerpt(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}
