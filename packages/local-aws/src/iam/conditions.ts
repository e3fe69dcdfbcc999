/** Values by condition key, such as `s3:prefix`; keys are case-insensitive. */
export type Context = Record<string, string>;

type Test = (actual: string, expected: string) => boolean;

const equals: Test = (actual, expected) => actual === expected;
const like: Test = (actual, expected) => matches(expected, actual);

const OPERATORS: Record<string, { test: Test; negated: boolean }> = {
  StringEquals: { test: equals, negated: false },
  StringNotEquals: { test: equals, negated: true },
  StringLike: { test: like, negated: false },
  StringNotLike: { test: like, negated: true },
  ArnEquals: { test: like, negated: false },
  ArnLike: { test: like, negated: false },
  ArnNotEquals: { test: like, negated: true },
  ArnNotLike: { test: like, negated: true },
  Bool: { test: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(), negated: false },
};
const IF_EXISTS = /IfExists$/;

/** @throws Error naming an operator that the evaluator does not know */
export function checkCondition(operator: string, owner: string): void {
  if (!Object.hasOwn(OPERATORS, operator.replace(IF_EXISTS, ""))) {
    throw new Error(`${owner}: the local IAM does not know the condition operator ${operator}`);
  }
}

/**
 * Whether every condition of a statement holds.
 * An absent key fails a positive operator, and satisfies a negated one and any `...IfExists`.
 */
export function conditionsHold(conditions: Record<string, Record<string, string | string[]>> | undefined, context: Context): boolean {
  const values = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
  return Object.entries(conditions ?? {}).every(([operator, keys]) => {
    const { test, negated } = OPERATORS[operator.replace(IF_EXISTS, "")];
    return Object.entries(keys).every(([key, expected]) => {
      const actual = values.get(key.toLowerCase());
      if (actual === undefined) return negated || IF_EXISTS.test(operator);
      return [expected].flat().some((value) => test(actual, String(value))) !== negated;
    });
  });
}

const patterns = new Map<string, RegExp>();

/**
 * Matches IAM's wildcards: `*` any run of characters, `?` one character.
 *
 * @param pattern from a policy
 */
export function matches(pattern: string, text: string): boolean {
  let compiled = patterns.get(pattern);
  if (!compiled) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".");
    compiled = new RegExp(`^${source}$`, "s");
    patterns.set(pattern, compiled);
  }
  return compiled.test(text);
}
