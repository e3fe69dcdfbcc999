import { makeAthena, type AthenaOptions } from "./athena";
import { cloudControl } from "./cloudControl";
import { firehose } from "./firehose";
import { makeGlue, type GlueOptions } from "./glue";
import { kinesis } from "./kinesis";
import { makeLambda } from "./lambda";
import { logs } from "./logs";
import { makePersonalize, type PersonalizeOptions } from "./personalize";
import { s3 } from "./s3";
import { scheduler } from "./scheduler";
import type { ServiceFactory } from "./service";
import { makeStepFunctions, type StepFunctionsOptions } from "./stepFunctions";
import { sns } from "./sns";
import { sts } from "./sts";

/** Options of the services that have some; a service left out has its defaults. */
export interface ServicesOptions {
  athena?: AthenaOptions;
  glue?: GlueOptions;
  lambda?: Parameters<typeof makeLambda>[0];
  personalize?: PersonalizeOptions;
  stepFunctions?: StepFunctionsOptions;
}

/** Every service of the local cloud, besides IAM, which is always there. */
export function allServices(options: ServicesOptions = {}): ServiceFactory[] {
  return [
    s3,
    kinesis,
    logs,
    makePersonalize(options.personalize),
    cloudControl,
    firehose,
    makeLambda(options.lambda),
    makeGlue(options.glue),
    makeAthena(options.athena),
    makeStepFunctions(options.stepFunctions),
    scheduler,
    sns,
    sts,
  ];
}
