/** A JSONata expression as the Amazon States Language writes it: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html */
export type Expression = `{% ${string} %}`;

/** A state of a state machine whose query language is JSONata. */
export interface State {
  Type: "Pass" | "Task" | "Choice" | "Wait" | "Succeed" | "Fail";
  [field: string]: unknown;
}

/** States by name. */
export type States = Record<string, State>;

/** Values of the variables that a state sets, by variable. */
export type Assign = Record<string, unknown>;

/** A part of a state machine: it is entered at one state and continues at whatever comes next. */
export interface Step {
  /** Name of the state that the step starts with. */
  first: string;
  /** @param next name of the state that follows the step */
  states: (next: string) => States;
}

/** Where a task goes when an error matches and no retry is left. */
export interface Catcher {
  ErrorEquals: string[];
  Assign?: Assign;
  Next: string;
}

/** What all Task states have in common. */
export interface TaskOptions {
  next: string;
  assign?: Assign;
  /** The first matching catcher wins. */
  catch: Catcher[];
  /** @default two hours for a query, 16 minutes for a function, one minute for any other call; a Glue job has no default */
  timeoutSeconds?: number;
}

/** Retriers of a Task state; the first matching one wins. */
type Retriers = { ErrorEquals: string[]; [field: string]: unknown }[];

const QUERY_SECONDS = 2 * 3600;
/** Longer than Lambda's limit of 900 seconds, so that a function that times out reports its own error. */
const FUNCTION_SECONDS = 960;
const CALL_SECONDS = 60;

const TRANSIENT_RETRY = { IntervalSeconds: 2, BackoffRate: 2, MaxAttempts: 4, JitterStrategy: "FULL" };
/** For a task of hours or minutes that got no answer in time. States.TaskFailed matches every error but a timeout. */
const TIMEOUT_RETRY = { ErrorEquals: ["States.Timeout"], ...TRANSIENT_RETRY, MaxAttempts: 1 };
/** Every error of a call that is safe to repeat. */
const ANY_ERROR = ["States.TaskFailed", "States.Timeout"];
/** For a job run that is still ending, or a quota of the account that is used up. */
const QUOTA_RETRY = { IntervalSeconds: 60, BackoffRate: 1, MaxAttempts: 15 };

/** A JSONata expression: a hash of the execution that changes with every redrive. */
export const EXECUTION_HASH = '$hash($states.context.Execution.Id & $string($states.context.Execution.RedriveCount), "SHA-256")';

/** Joins steps into one: each continues at the first state of the step after it. */
export function sequence(steps: Step[]): Step {
  const states = (next: string): States =>
    Object.fromEntries(steps.flatMap((step, i) => Object.entries(step.states(steps[i + 1]?.first ?? next))));
  return { first: steps[0].first, states };
}

/** Marks a text as a JSONata expression, on one line: asl-validator rejects an expression with line breaks. */
export function jsonata(expression: string): Expression {
  return `{% ${expression.trim().replaceAll(/\s*\n\s*/g, " ")} %}`;
}

/** Marks every value of an object as a JSONata expression. */
export function jsonataFields(expressions: Record<string, string>): Record<string, Expression> {
  return Object.fromEntries(Object.entries(expressions).map(([name, expression]) => [name, jsonata(expression)]));
}

/** An empty string; as an expression, because asl-validator rejects an empty literal. */
export const NO_TEXT = jsonata('""');

/**
 * Task state that runs an Athena query and waits until it ends; the result is `$states.result.QueryExecution`. A retry sends the same
 * client token, so it never starts a second query: after a timeout it waits for the one that was started, if there is one.
 */
export function athenaTask(query: { statement: Expression; workgroup: string; database: string }, options: TaskOptions): State {
  const ClientRequestToken = jsonata(
    "$hash($join([$states.context.Execution.Id, $string($states.context.Execution.RedriveCount), $states.context.State.Name]), 'SHA-256')",
  );
  const transient = ["Athena.TooManyRequestsException", "Athena.InternalServerException"];
  return task("arn:aws:states:::athena:startQueryExecution.sync", QUERY_SECONDS, options, [...retry(transient), TIMEOUT_RETRY], {
    QueryString: query.statement,
    QueryExecutionContext: { Catalog: "AwsDataCatalog", Database: query.database },
    WorkGroup: query.workgroup,
    ClientRequestToken,
  });
}

/** Task state that reads the first page of a query's result: `$states.result.ResultSet.Rows`, of which the first is the header. */
export function queryResultTask(queryId: Expression, options: TaskOptions): State {
  return task("arn:aws:states:::athena:getQueryResults", CALL_SECONDS, options, retry(ANY_ERROR), {
    QueryExecutionId: queryId,
  });
}

/**
 * Task state that invokes an idempotent function; the response is `$states.result.Payload`. An invocation that timed out has ended by
 * then, so a retry does not run beside it.
 */
export function lambdaTask(invocation: { functionArn: string; payload: Record<string, unknown> }, options: TaskOptions): State {
  const transient = ["ServiceException", "AWSLambdaException", "SdkClientException", "TooManyRequestsException"];
  return task("arn:aws:states:::lambda:invoke", FUNCTION_SECONDS, options, [...retry(withPrefix("Lambda", transient)), TIMEOUT_RETRY], {
    FunctionName: invocation.functionArn,
    Payload: invocation.payload,
  });
}

/**
 * Task state that runs a Glue job and waits until it ends. A start has no client token, so a retry after a lost response or a timeout
 * runs the job again. The job must allow that, and only one run at a time: a start beside a run that still works is refused and retried.
 *
 * @param run its arguments are strings by `--name`
 */
export function glueTask(
  run: { jobName: string; arguments: Record<string, unknown> },
  options: TaskOptions & { timeoutSeconds: number },
): State {
  const transient = ["InternalServiceException", "OperationTimeoutException", "SdkClientException", "ThrottlingException"];
  const quota = ["ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"];
  const retriers = [{ ErrorEquals: withPrefix("Glue", quota), ...QUOTA_RETRY }, ...retry(withPrefix("Glue", transient)), TIMEOUT_RETRY];
  return task("arn:aws:states:::glue:startJobRun.sync", options.timeoutSeconds, options, retriers, {
    JobName: run.jobName,
    Arguments: run.arguments,
  });
}

/**
 * Task state that calls an idempotent operation of an AWS service.
 *
 * @param action for example `glue:getPartition`
 */
export function sdkTask(action: string, Arguments: unknown, options: TaskOptions): State {
  return task(`arn:aws:states:::aws-sdk:${action}`, CALL_SECONDS, options, retry(ANY_ERROR), Arguments);
}

/** Choice state: the first matching rule wins. */
export function choice(rules: { when: string; next: string; assign?: Assign }[], otherwise: string): State {
  return {
    Type: "Choice",
    Choices: rules.map(({ when, next, assign }) => ({ Condition: jsonata(when), ...(assign && { Assign: assign }), Next: next })),
    Default: otherwise,
  };
}

/**
 * Catcher that keeps an error's name in `$error` and its message in `$cause`, from which {@link fail} builds a Fail state. An error that
 * the export's script raises as `ExportError: <name>: <message>` keeps that name.
 *
 * @param errors names of the errors to catch; default: all
 */
export function catchTo(Next: string, errors = ["States.ALL"]): Catcher {
  const Assign = {
    error: readError("$exists($raised) ? $raised[0] : $states.errorOutput.Error"),
    cause: readError('$exists($raised) ? $raised[1] : $message != "" ? $message : $states.errorOutput.Error'),
  };
  return { ErrorEquals: errors, Assign, Next };
}

/**
 * Fail state. Its cause is `$cause`, a dash and the advice.
 *
 * @param advice what is done already and what to do next, in full sentences
 * @param error name of the error; default: the caught one, `$error`
 */
export function fail(advice: string, error?: string): State {
  return { Type: "Fail", Error: error ?? jsonata("$error"), Cause: jsonata(`$cause & ${JSON.stringify(` - ${advice}`)}`) };
}

/**
 * Reads the error output of a task: `$message` is a query's reason, the message of a function or a job, or else the whole cause;
 * `$raised` has the name and the message of an `ExportError`.
 */
function readError(result: string): Expression {
  return jsonata(String.raw`(
  $text := $exists($states.errorOutput.Cause) ? $string($states.errorOutput.Cause) : "";
  $found := $match($text, /"(StateChangeReason|[eE]rrorMessage)":"([^\\"]*(\\.[^\\"]*)*)"/)[0].groups[1];
  $message := $exists($found) ? $parse('"' & $found & '"') : $text;
  $raised := $match($message, /ExportError: (\w+): (.*)/)[0].groups;
  ${result}
)`);
}

function withPrefix(service: string, errors: string[]): string[] {
  return errors.map((error) => `${service}.${error}`);
}

function retry(transient: string[]): Retriers {
  return [{ ErrorEquals: transient, ...TRANSIENT_RETRY }];
}

/** An error that a catcher names is an expected response: it is not retried. */
function withoutRetry(catchers: Catcher[]): Retriers {
  const errors = catchers.flatMap(({ ErrorEquals }) => ErrorEquals).filter((error) => error !== "States.ALL");
  return errors.length === 0 ? [] : [{ ErrorEquals: errors, MaxAttempts: 0 }];
}

function task(Resource: string, seconds: number, options: TaskOptions, retriers: Retriers, Arguments: unknown): State {
  return {
    Type: "Task",
    Resource,
    Arguments,
    TimeoutSeconds: options.timeoutSeconds ?? seconds,
    ...(options.assign && { Assign: options.assign }),
    Retry: [...withoutRetry(options.catch), ...retriers],
    Catch: options.catch,
    Next: options.next,
  };
}
