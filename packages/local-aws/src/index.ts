// The cloud, and how a Pulumi program is deployed to it.
export { type ClosedCloud, type RunningCloud, buildCloud, startCloud } from "./cloud";
export { pulumiProvider } from "./pulumiProvider";
export { openStore } from "./store";
export {
  type Cloud,
  type Credentials,
  type Json,
  type Policy,
  type Principal,
  ServiceError,
  type ServiceFactory,
  type Statement,
  type Store,
} from "./service";

// Its services: all of them, or some for a cloud that has no others.
export { allServices } from "./services";
export { makeAthena } from "./athena";
export { cloudControl } from "./cloudControl";
export { makeGlue } from "./glue";
export { preparePython } from "./glue/python";
export { kinesis } from "./kinesis";
export { makeLambda } from "./lambda";
export { type Mapping as EventSourceMapping } from "./lambda/mapping";
export { logs } from "./logs";
export { type PersonalizeOptions, makePersonalize } from "./personalize";
export { s3 } from "./s3";
export { sns } from "./sns";
export { makeStepFunctions } from "./stepFunctions";
export { sts } from "./sts";

// Calls that fail on purpose.
export { type ActiveFault, type Fault, type FaultKind } from "./http/faults";

// Parts that work without a cloud: IAM's evaluation, expressions of the state language.
export { type Context, matches } from "./iam/conditions";
export { type Identity, evaluate, trusts } from "./iam/evaluate";
export { list, parsePolicy, statements } from "./iam/policy";
export { evaluate as evaluateExpressions } from "./stepFunctions/expressions";
