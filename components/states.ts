/** A JSONata expression as the Amazon States Language writes it: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html */
export type Expression = `{% ${string} %}`;

/** A state of a state machine whose query language is JSONata. */
export interface State {
  Type: "Pass" | "Task" | "Choice" | "Wait" | "Succeed" | "Fail";
  [field: string]: unknown;
}

/** States by name. */
export type States = Record<string, State>;

/** Values by variable. */
export type Assign = Record<string, unknown>;

/** What a task does when it fails for good. */
export interface Catcher {
  ErrorEquals: string[];
  Assign?: Assign;
  Next: string;
}

/** What every task state is made of. */
export interface TaskStep {
  next: string;
  assign?: Assign;
  /** In the order in which they are tried. */
  catch: Catcher[];
  /** @default two hours for a query, a quarter of an hour for a function, a minute for any other call */
  timeoutSeconds?: number;
}

const QUERY_SECONDS = 2 * 3600;
const FUNCTION_SECONDS = 900;
const CALL_SECONDS = 60;

/** Errors of calls that pass by themselves; each is safe to make again. */
const CALLS_AGAIN = { IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: "FULL" };

/** A hash of the execution, another one after each redrive: a JSONata expression. */
export const EXECUTION_HASH = '$hash($states.context.Execution.Id & $string($states.context.Execution.RedriveCount), "SHA-256")';

/** The variables in which {@link failsAs} keeps what went wrong. */
const ERROR = "error";
const CAUSE = "cause";

/** Writes an expression. */
export function jsonata(expression: string): Expression {
  return `{% ${expression} %}`;
}

/**
 * Runs a query and waits for its end. The same token gives the same query, so a call that is made again starts nothing twice.
 * The result is `$states.result.QueryExecution`.
 */
export function athenaTask(query: { statement: Expression; workgroup: string; database: string }, step: TaskStep): State {
  const ClientRequestToken = jsonata(
    "$hash($join([$states.context.Execution.Id, $string($states.context.Execution.RedriveCount), $states.context.State.Name]), 'SHA-256')",
  );
  const passing = ["Athena.TooManyRequestsException", "Athena.InternalServerException"];
  return task("arn:aws:states:::athena:startQueryExecution.sync", QUERY_SECONDS, step, passing, {
    QueryString: query.statement,
    QueryExecutionContext: { Catalog: "AwsDataCatalog", Database: query.database },
    WorkGroup: query.workgroup,
    ClientRequestToken,
  });
}

/** Reads the first page of a query's result: `$states.result.ResultSet.Rows`, the header among them. */
export function queryResultTask(queryId: Expression, step: TaskStep): State {
  return task("arn:aws:states:::athena:getQueryResults", CALL_SECONDS, step, ["States.TaskFailed"], { QueryExecutionId: queryId });
}

/** Invokes a function that may run again; its answer is `$states.result.Payload`. */
export function lambdaTask(invocation: { functionArn: string; payload: Record<string, unknown> }, step: TaskStep): State {
  const passing = ["ServiceException", "AWSLambdaException", "SdkClientException", "TooManyRequestsException"];
  const errors = passing.map((error) => `Lambda.${error}`);
  return task("arn:aws:states:::lambda:invoke", FUNCTION_SECONDS, step, errors, {
    FunctionName: invocation.functionArn,
    Payload: invocation.payload,
  });
}

/**
 * Calls an operation of an AWS service that may be called again.
 *
 * @param action for example `glue:getPartition`
 */
export function sdkTask(action: string, Arguments: unknown, step: TaskStep): State {
  return task(`arn:aws:states:::aws-sdk:${action}`, CALL_SECONDS, step, ["States.TaskFailed"], Arguments);
}

/** Goes the way of the first condition that holds. */
export function choice(choices: { when: string; next: string; assign?: Assign }[], otherwise: string): State {
  return {
    Type: "Choice",
    Choices: choices.map(({ when, next, assign }) => ({ Condition: jsonata(when), ...(assign && { Assign: assign }), Next: next })),
    Default: otherwise,
  };
}

/**
 * A failure that is kept for the Fail state that {@link fail} makes.
 *
 * @param errors their names; default: any
 */
export function failsAs(Next: string, errors = ["States.ALL"]): Catcher {
  return { ErrorEquals: errors, Assign: { [ERROR]: jsonata("$states.errorOutput.Error"), [CAUSE]: jsonata(READABLE) }, Next };
}

/**
 * Ends an execution. In its cause, what went wrong comes first and what to do about it after that.
 *
 * @param error name of the error; default: the one that was caught
 */
export function fail(advice: string, error?: string): State {
  const Cause = jsonata(`$${CAUSE} & ${JSON.stringify(` - ${advice}`)}`);
  return { Type: "Fail", Error: error ?? jsonata(`$${ERROR}`), Cause };
}

/** What a person wants to read of a cause: a query's reason, a function's message, else the text as it is. */
const READABLE = [
  '($text := $exists($states.errorOutput.Cause) ? $string($states.errorOutput.Cause) : "";',
  '$found := $match($text, /"(StateChangeReason|errorMessage)":"([^\\\\"]*(\\\\.[^\\\\"]*)*)"/)[0].groups[1];',
  "$exists($found) ? $parse('\"' & $found & '\"') : $text != \"\" ? $text : $states.errorOutput.Error)",
].join(" ");

/** An error that is caught by its own name is an answer: it comes before any retry. */
function expected(catchers: Catcher[]): { ErrorEquals: string[]; MaxAttempts: number }[] {
  const errors = catchers.flatMap(({ ErrorEquals }) => ErrorEquals).filter((error) => error !== "States.ALL");
  return errors.length === 0 ? [] : [{ ErrorEquals: errors, MaxAttempts: 0 }];
}

function task(Resource: string, seconds: number, step: TaskStep, passing: string[], Arguments: unknown): State {
  return {
    Type: "Task",
    Resource,
    Arguments,
    TimeoutSeconds: step.timeoutSeconds ?? seconds,
    ...(step.assign && { Assign: step.assign }),
    Retry: [...expected(step.catch), { ErrorEquals: passing, ...CALLS_AGAIN }],
    Catch: step.catch,
    Next: step.next,
  };
}
