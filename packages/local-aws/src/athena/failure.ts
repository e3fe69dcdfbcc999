import type { Json } from "../service";
import { ServiceError } from "../service";

/**
 * Kinds of failure by category and type.
 *
 * @see https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
 */
const KINDS = {
  internal: { ErrorCategory: 1, ErrorType: 200 },
  user: { ErrorCategory: 2, ErrorType: 1000 },
  data: { ErrorCategory: 2, ErrorType: 1001 },
  syntax: { ErrorCategory: 2, ErrorType: 1006 },
} as const;

/** Why a query FAILED. */
export class QueryFailure extends Error {
  constructor(
    readonly kind: keyof typeof KINDS,
    reason: string,
  ) {
    super(reason);
    this.name = "QueryFailure";
  }

  /** As GetQueryExecution returns it. */
  get athenaError(): Json {
    return { ...KINDS[this.kind], Retryable: false, ErrorMessage: this.message };
  }
}

/** Ends a query as CANCELLED, with the reason. */
export class QueryCancelled extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "QueryCancelled";
  }
}

/** The failure of a query that an error ended. */
export function failureOf(error: unknown): QueryFailure {
  if (error instanceof QueryFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ServiceError && /^AccessDenied/.test(error.code)) return new QueryFailure("user", `Access denied: ${message}`);
  if (error instanceof ServiceError) return new QueryFailure("user", `${error.code}: ${message}`);
  return new QueryFailure("internal", `GENERIC_INTERNAL_ERROR: ${message}`);
}
