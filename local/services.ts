import { athena } from "./cloud/athena";
import { cloudControl } from "./cloud/cloudControl";
import { firehose } from "./cloud/firehose";
import { glue } from "./cloud/glue";
import { kinesis } from "./cloud/kinesis";
import { lambda } from "./cloud/lambda";
import { logs } from "./cloud/logs";
import { personalize } from "./cloud/personalize";
import { s3 } from "./cloud/s3";
import { scheduler } from "./cloud/scheduler";
import type { ServiceFactory } from "./cloud/service";
import { stepFunctions } from "./cloud/stepFunctions";
import { sts } from "./cloud/sts";

/** Every service of the local cloud, besides IAM, which is always there. */
export const SERVICES: ServiceFactory[] = [
  s3,
  kinesis,
  logs,
  personalize,
  cloudControl,
  firehose,
  lambda,
  glue,
  athena,
  stepFunctions,
  scheduler,
  sts,
];
