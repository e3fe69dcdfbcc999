export { MACROS, parseStatement, translate } from "./athena/dialect";
export { makeAthena } from "./athena";
export { type ClosedCloud, type RunningCloud, buildCloud, startCloud } from "./cloud";
export { cloudControl } from "./cloudControl";
export { type ActiveFault, type Fault, type FaultKind } from "./http/faults";
export { glue, makeGlue } from "./glue";
export { preparePython } from "./glue/python";
export { type Context, matches } from "./iam/conditions";
export { type Identity, evaluate, trusts } from "./iam/evaluate";
export { list, parsePolicy, statements } from "./iam/policy";
export { kinesis } from "./kinesis";
export { makeLambda } from "./lambda";
export { type Mapping as EventSourceMapping } from "./lambda/mapping";
export { logs } from "./logs";
export { type PersonalizeOptions, makePersonalize } from "./personalize";
export { pulumiProvider } from "./pulumiProvider";
export { type Registry } from "./registry";
export { s3 } from "./s3";
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
export { allServices } from "./services";
export { Expressions } from "./stepFunctions/expressions";
export { makeStepFunctions } from "./stepFunctions";
export { openStore } from "./store";
