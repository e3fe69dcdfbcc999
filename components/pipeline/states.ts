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
  /** @default two hours for a query, 16 minutes for a function, a minute for any other call; a job has none */
  timeoutSeconds?: number;
}

/** A task's retriers, in the order in which they are tried. */
type Retriers = { ErrorEquals: string[]; [field: string]: unknown }[];

const QUERY_SECONDS = 2 * 3600;
/** More than a function may run, so that it tells its own errors. */
const FUNCTION_SECONDS = 960;
const CALL_SECONDS = 60;

/** Errors of calls that pass by themselves; each is safe to make again. */
const CALLS_AGAIN = { IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: "FULL" };

/** Waits for a run that is still ending, or for room in the account. */
const ROOM_LATER = { IntervalSeconds: 60, BackoffRate: 1, MaxAttempts: 15 };

/** A hash of the execution, another one after each redrive: a JSONata expression. */
export const EXECUTION_HASH = '$hash($states.context.Execution.Id & $string($states.context.Execution.RedriveCount), "SHA-256")';

/** The variables in which {@link failsAs} keeps what went wrong. */
const ERROR = "error";
const CAUSE = "cause";

/** Writes an expression. */
export function jsonata(expression: string): Expression {
  return `{% ${expression} %}`;
}

/** The empty text: asl-validator takes no literal one. */
export const NO_TEXT = jsonata('""');

/**
 * Runs a query and waits for its end. The same token gives the same query, so a call that is made again starts nothing twice.
 * The result is `$states.result.QueryExecution`.
 */
export function athenaTask(query: { statement: Expression; workgroup: string; database: string }, step: TaskStep): State {
  const ClientRequestToken = jsonata(
    "$hash($join([$states.context.Execution.Id, $string($states.context.Execution.RedriveCount), $states.context.State.Name]), 'SHA-256')",
  );
  const errors = ["Athena.TooManyRequestsException", "Athena.InternalServerException"];
  return task("arn:aws:states:::athena:startQueryExecution.sync", QUERY_SECONDS, step, again(errors), {
    QueryString: query.statement,
    QueryExecutionContext: { Catalog: "AwsDataCatalog", Database: query.database },
    WorkGroup: query.workgroup,
    ClientRequestToken,
  });
}

/** Reads the first page of a query's result: `$states.result.ResultSet.Rows`, the header among them. */
export function queryResultTask(queryId: Expression, step: TaskStep): State {
  return task("arn:aws:states:::athena:getQueryResults", CALL_SECONDS, step, again(["States.TaskFailed"]), { QueryExecutionId: queryId });
}

/** Invokes a function that may run again; its answer is `$states.result.Payload`. */
export function lambdaTask(invocation: { functionArn: string; payload: Record<string, unknown> }, step: TaskStep): State {
  const passing = ["ServiceException", "AWSLambdaException", "SdkClientException", "TooManyRequestsException"];
  const errors = passing.map((error) => `Lambda.${error}`);
  return task("arn:aws:states:::lambda:invoke", FUNCTION_SECONDS, step, again(errors), {
    FunctionName: invocation.functionArn,
    Payload: invocation.payload,
  });
}

/**
 * Runs a Glue job and waits for its end. A start whose answer is lost is made again, so the job may run twice, one after the other.
 *
 * @param run its arguments are texts by `--name`
 */
export function glueTask(run: { jobName: string; arguments: Record<string, unknown> }, step: TaskStep & { timeoutSeconds: number }): State {
  const passing = ["InternalServiceException", "OperationTimeoutException", "SdkClientException", "ThrottlingException"];
  const full = ["ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"];
  const named = (errors: string[]) => errors.map((error) => `Glue.${error}`);
  const retriers = [{ ErrorEquals: named(full), ...ROOM_LATER }, ...again(named(passing))];
  return task("arn:aws:states:::glue:startJobRun.sync", step.timeoutSeconds, step, retriers, {
    JobName: run.jobName,
    Arguments: run.arguments,
  });
}

/**
 * Calls an operation of an AWS service that may be called again.
 *
 * @param action for example `glue:getPartition`
 */
export function sdkTask(action: string, Arguments: unknown, step: TaskStep): State {
  return task(`arn:aws:states:::aws-sdk:${action}`, CALL_SECONDS, step, again(["States.TaskFailed"]), Arguments);
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
 * A failure that is kept for the Fail state that {@link fail} makes. What a script raises as `ExportError: <name>: <message>` has that name.
 *
 * @param errors their names; default: any
 */
export function failsAs(Next: string, errors = ["States.ALL"]): Catcher {
  const Assign = {
    [ERROR]: readable("$exists($raised) ? $raised[0] : $states.errorOutput.Error"),
    [CAUSE]: readable('$exists($raised) ? $raised[1] : $message != "" ? $message : $states.errorOutput.Error'),
  };
  return { ErrorEquals: errors, Assign, Next };
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

/** What a person wants to read of a failure, from a cause's `$message`: a query's reason, a function's or a job's message, else the text. */
function readable(what: string): Expression {
  const lines = [
    '($text := $exists($states.errorOutput.Cause) ? $string($states.errorOutput.Cause) : "";',
    '$found := $match($text, /"(StateChangeReason|[eE]rrorMessage)":"([^\\\\"]*(\\\\.[^\\\\"]*)*)"/)[0].groups[1];',
    "$message := $exists($found) ? $parse('\"' & $found & '\"') : $text;",
    "$raised := $match($message, /ExportError: (\\w+): (.*)/)[0].groups;",
    `${what})`,
  ];
  return jsonata(lines.join(" "));
}

/** Retries the errors of calls that pass by themselves. */
function again(ErrorEquals: string[]): Retriers {
  return [{ ErrorEquals, ...CALLS_AGAIN }];
}

/** An error that is caught by its own name is an answer: it comes before any retry. */
function expected(catchers: Catcher[]): Retriers {
  const errors = catchers.flatMap(({ ErrorEquals }) => ErrorEquals).filter((error) => error !== "States.ALL");
  return errors.length === 0 ? [] : [{ ErrorEquals: errors, MaxAttempts: 0 }];
}

function task(Resource: string, seconds: number, step: TaskStep, retriers: Retriers, Arguments: unknown): State {
  return {
    Type: "Task",
    Resource,
    Arguments,
    TimeoutSeconds: step.timeoutSeconds ?? seconds,
    ...(step.assign && { Assign: step.assign }),
    Retry: [...expected(step.catch), ...retriers],
    Catch: step.catch,
    Next: step.next,
  };
}
