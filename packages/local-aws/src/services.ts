import { athena } from "./athena";
import { cloudControl } from "./cloudControl";
import { firehose } from "./firehose";
import { glue } from "./glue";
import { kinesis } from "./kinesis";
import { lambda } from "./lambda";
import { logs } from "./logs";
import { personalize } from "./personalize";
import { s3 } from "./s3";
import { scheduler } from "./scheduler";
import type { ServiceFactory } from "./service";
import { stepFunctions } from "./stepFunctions";
import { sts } from "./sts";

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
