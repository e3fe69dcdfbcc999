import { randomUUID } from "node:crypto";
import { ConnectionLost } from "../../http/faults";
import { ServiceError } from "../../service";
import { StateFailure } from "../failure";

/** How the errors of a service's calls are named. */
export interface Naming {
  /** The part before the dot. */
  prefix: string;
  /** The exceptions that the service's API describes, without `Exception`. */
  known: string;
  /** The name of every other error. */
  other: string;
  /** The service's name in causes. */
  service: string;
}

/**
 * The error of a failed call: `<prefix>.<exception>`, where the exception always ends with `Exception`. Codes that the API does
 * not describe, such as AccessDenied, become the service's general exception. What the local cloud does not support ends
 * the execution with States.Runtime, which cannot be caught.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
 */
export function failureOf(error: unknown, { prefix, known, other, service }: Naming): unknown {
  if (error instanceof ConnectionLost) return new StateFailure(`${prefix}.SdkClientException`, error.message);
  if (!(error instanceof ServiceError)) return error;
  if (error.status === 501) return new StateFailure("States.Runtime", error.message);
  const code = error.code.replace(/Exception$/, "");
  const name = known.split(" ").includes(code) ? `${code}Exception` : other;
  const details = `(Service: ${service}, Status Code: ${error.status}, Error Code: ${error.code}, Request ID: ${randomUUID()})`;
  return new StateFailure(`${prefix}.${name}`, `${error.message} ${details}`);
}

const ATHENA = "InternalServer InvalidRequest Metadata ResourceNotFound SessionAlreadyExists TooManyRequests";
const GLUE =
  "AccessDenied AlreadyExists ConcurrentModification ConcurrentRunsExceeded ConditionCheckFailure Conflict EntityNotFound " +
  "FederationSource GlueEncryption IdempotentParameterMismatch InternalService InvalidInput InvalidState OperationTimeout " +
  "PermissionTypeMismatch ResourceNotFound ResourceNotReady ResourceNumberLimitExceeded Throttling Validation VersionMismatch";

/** Optimized integrations; their general exceptions have the names of the older SDK. */
export const LAMBDA: Naming = {
  prefix: "Lambda",
  known:
    "InvalidParameterValue InvalidRequestContent InvalidRuntime RequestTooLarge ResourceConflict ResourceNotFound ResourceNotReady " +
    "Service TooManyRequests UnsupportedMediaType",
  other: "AWSLambdaException",
  service: "AWSLambda",
};
export const OPTIMIZED_ATHENA: Naming = { prefix: "Athena", known: ATHENA, other: "AmazonAthenaException", service: "AmazonAthena" };
export const OPTIMIZED_GLUE: Naming = { prefix: "Glue", known: GLUE, other: "AWSGlueException", service: "AWSGlue" };

/** SDK integrations. */
export const SDK: Record<"athena" | "glue" | "personalize" | "s3" | "sfn" | "sns", Naming> = {
  athena: sdk("Athena", ATHENA),
  glue: sdk("Glue", GLUE),
  personalize: sdk(
    "Personalize",
    "InvalidInput InvalidNextToken LimitExceeded ResourceAlreadyExists ResourceInUse ResourceNotFound TooManyTagKeys TooManyTags",
  ),
  s3: sdk(
    "S3",
    "BucketAlreadyExists BucketAlreadyOwnedByYou EncryptionTypeMismatch IdempotencyParameterMismatch InvalidObjectState " +
      "InvalidRequest InvalidWriteOffset NoSuchBucket NoSuchKey NoSuchUpload TooManyParts",
  ),
  sfn: sdk(
    "Sfn",
    "Conflict ExecutionAlreadyExists ExecutionDoesNotExist ExecutionLimitExceeded ExecutionNotRedrivable InvalidArn InvalidDefinition " +
      "InvalidExecutionInput InvalidName InvalidOutput InvalidToken ResourceNotFound StateMachineAlreadyExists StateMachineDeleting " +
      "StateMachineDoesNotExist StateMachineLimitExceeded StateMachineTypeNotSupported TaskDoesNotExist TaskTimedOut TooManyTags Validation",
  ),
  sns: sdk(
    "Sns",
    "AuthorizationError EndpointDisabled InternalError InvalidParameter InvalidParameterValue InvalidSecurity InvalidState KMSAccessDenied " +
      "KMSDisabled KMSInvalidState KMSNotFound KMSOptInRequired KMSThrottling NotFound PlatformApplicationDisabled Throttled Validation",
  ),
};

function sdk(prefix: string, known: string): Naming {
  return { prefix, known, other: `${prefix}Exception`, service: prefix };
}
